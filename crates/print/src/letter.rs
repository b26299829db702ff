//! What stands on a letter (手紙): plain words in the order in which they are read.

/// A language that letters are written in (言語), with the fonts and the line breaking it needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Japanese.
    #[default]
    Japanese,
    /// Easy Japanese (やさしい日本語): as Japanese, in larger type.
    EasyJapanese,
    /// English.
    English,
    /// Chinese in simplified characters.
    Chinese,
    /// Vietnamese.
    Vietnamese,
    /// Korean.
    Korean,
    /// Portuguese as in Brazil.
    Portuguese,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Japanese,
        Self::EasyJapanese,
        Self::English,
        Self::Chinese,
        Self::Vietnamese,
        Self::Korean,
        Self::Portuguese,
    ];

    /// Language and region (ISO 639-1, ISO 3166-1), by which lines are broken and words cut.
    pub fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::Japanese | Self::EasyJapanese => ("ja", "JP"),
            Self::English => ("en", "GB"),
            Self::Chinese => ("zh", "CN"),
            Self::Vietnamese => ("vi", "VN"),
            Self::Korean => ("ko", "KR"),
            Self::Portuguese => ("pt", "BR"),
        }
    }

    /// The font it is set in: the same character is drawn otherwise in each country.
    pub fn family(self) -> &'static str {
        match self {
            Self::Chinese => "Noto Sans CJK SC",
            Self::Korean => "Noto Sans CJK KR",
            _ => "Noto Sans CJK JP",
        }
    }

    /// The size of the text in points.
    pub fn points(self) -> f64 {
        match self {
            Self::EasyJapanese => 12.0,
            _ => 11.0,
        }
    }
}

/// A number that its reader types or reads aloud (番号).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// What it is called.
    pub label: String,
    /// The number, set large and wide.
    pub value: String,
}

/// A QR code and what stands beside it (二次元コード).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// What it says to a camera.
    pub says: String,
    /// What it is for, in words.
    pub caption: String,
    /// The address that a person compares with what the camera shows, and may type instead.
    pub address: String,
}

/// A part of the text (段落).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// One of several things, in no order.
    Item(String),
    /// One of several steps, numbered by their order.
    Step(String),
    /// A box that stands out: its heading, and its items.
    Boxed(String, Vec<String>),
}

/// Whom to call (電話).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Who answers.
    pub who: String,
    /// The number.
    pub phone: String,
    /// When somebody answers.
    pub hours: String,
}

/// A letter (手紙) on one sheet of A4, or more where the text is long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(alias = "手紙")]
pub struct Letter {
    /// Its language.
    pub language: Language,
    /// The lines in the window of the envelope: postcode, address, name. They are read by the post.
    pub recipient: Vec<String>,
    /// Who sends it: date, name, number; beside the window, out of its sight.
    pub sender: Vec<String>,
    /// What it is about.
    pub title: String,
    /// The number that leads on.
    pub number: Number,
    /// The same number for a camera.
    pub code: Code,
    /// The text.
    pub body: Vec<Block>,
    /// Whom to call.
    pub call: Call,
    /// The foot of the first page: which wording it is, which line of which list.
    pub foot: String,
}
