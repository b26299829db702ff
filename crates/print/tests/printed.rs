//! Letters printed and read again by other programs: `pdftotext`, `pdftoppm`, `zbarimg`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so")]

use std::{fs, path::Path, process::Command};

use print::{
    Press,
    fonts::Fonts,
    letter::{Block, Call, Code, Language, Letter, Number},
    press::NotPrinted,
    window::NAGAGATA_3,
};

const ID: &str = "48213-90417-66206";
const OTHER: &str = "10000-00000-00008";
const MM: f64 = 72.0 / 25.4;

/// A press, or nothing where this machine has no font.
fn press() -> Option<Press> {
    match Fonts::find(&Fonts::folders()) {
        Ok(fonts) => Some(Press::new(fonts)),
        Err(missing) => {
            println!("skipped: {missing}");
            None
        }
    }
}

fn words(language: Language) -> [&'static str; 4] {
    match language {
        Language::Japanese => ["お知らせ", "問合せID", "ルータの設定を変えてください。", "窓口"],
        Language::EasyJapanese => ["おしらせ", "番号", "設定を 変えて ください。", "電話"],
        Language::English => ["A notice", "Inquiry ID", "Please change a setting.", "Help desk"],
        Language::Chinese => ["通知", "查询编号", "请更改路由器的设置。", "服务窗口"],
        Language::Vietnamese => {
            ["Thông báo", "Mã số", "Vui lòng đổi mật khẩu của bộ định tuyến.", "Bàn hỗ trợ"]
        }
        Language::Korean => ["안내", "문의 번호", "공유기 설정을 바꿔 주십시오.", "상담 창구"],
        Language::Portuguese => {
            ["Aviso", "Código", "Altere a configuração do roteador.", "Atendimento"]
        }
    }
}

fn letter(language: Language, id: &str) -> Letter {
    let [title, label, body, who] = words(language);
    Letter {
        language,
        recipient: ["〒«郵便番号»", "«住所1»", "«住所2»", "«氏名» 様"].map(str::to_owned).to_vec(),
        sender: ["2026-04-01", "ISP A"].map(str::to_owned).to_vec(),
        title: title.to_owned(),
        number: Number { label: label.to_owned(), value: id.to_owned() },
        code: Code {
            says: format!("https://todoke.example/id#{id}"),
            caption: body.to_owned(),
            address: "https://todoke.example/id".to_owned(),
        },
        body: vec![
            Block::Paragraph(body.to_owned()),
            Block::Heading(title.to_owned()),
            Block::Step(body.to_owned()),
            Block::Step(body.to_owned()),
            Block::Item(body.to_owned()),
            Block::Boxed(title.to_owned(), vec![body.to_owned(), body.to_owned()]),
        ],
        call: Call {
            who: who.to_owned(),
            phone: "0120-000-000".to_owned(),
            hours: "10:00-18:00".to_owned(),
        },
        foot: "letter-1".to_owned(),
    }
}

fn has(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        println!("skipped: no {program}");
    }
    there
}

fn reads(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn saved(folder: &Path, pdf: &[u8]) -> String {
    let file = folder.join("letter.pdf");
    fs::write(&file, pdf).unwrap();
    file.display().to_string()
}

/// Without spaces and line ends, which a reader of PDF guesses from gaps.
fn run_on(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn every_language_is_read_again_word_for_word() {
    let Some(press) = press() else { return };
    if !has("pdftotext") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for language in Language::ALL {
        let pdf = press.print(&[letter(language, ID)]).unwrap();
        let text = run_on(&reads("pdftotext", &[&saved(folder.path(), &pdf), "-"]));
        for word in words(language).into_iter().chain([ID, "0120-000-000", "letter-1", "«氏名»"])
        {
            assert!(text.contains(&run_on(word)), "{language:?}: {word}: {text}");
        }
    }
}

#[test]
fn the_code_leads_to_the_id_page_with_the_id_in_the_fragment_alone() {
    let Some(press) = press() else { return };
    if !(has("pdftoppm") && has("zbarimg")) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let letters = [letter(Language::Japanese, ID), letter(Language::Korean, OTHER)];
    let file = saved(folder.path(), &press.print(&letters).unwrap());
    let page = folder.path().join("page").display().to_string();
    reads("pdftoppm", &["-png", "-r", "150", &file, &page]);
    for (number, id) in [("1", ID), ("2", OTHER)] {
        let read = reads("zbarimg", &["-q", "--raw", &format!("{page}-{number}.png")]);
        assert_eq!(read.trim(), format!("https://todoke.example/id#{id}"));
    }
}

/// The words of the first page with their places in millimetres: left, top, right, bottom.
fn places(file: &str) -> Vec<([f64; 4], String)> {
    let page = reads("pdftotext", &["-bbox", "-l", "1", file, "-"]);
    let number = |line: &str, name: &str| -> f64 {
        let rest = line.split_once(&format!("{name}=\"")).unwrap().1;
        rest.split_once('"').unwrap().0.parse::<f64>().unwrap() / MM
    };
    let word = |line: &str| {
        let text = line.split_once('>')?.1.split_once("</word>")?.0.to_owned();
        Some((["xMin", "yMin", "xMax", "yMax"].map(|name| number(line, name)), text))
    };
    page.lines().filter(|line| line.contains("<word ")).filter_map(word).collect()
}

#[test]
fn the_window_shows_the_whole_address_and_nothing_else() {
    let Some(press) = press() else { return };
    if !has("pdftotext") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (seen, clear) = (NAGAGATA_3.seen(), NAGAGATA_3.clear());
    for language in Language::ALL {
        let long = letter(language, ID);
        let pdf = press
            .print(&[Letter { sender: vec!["とても長い名前の通信".repeat(3)], ..long }]);
        let words = places(&saved(folder.path(), &pdf.unwrap()));
        let in_window = |[left, top, ..]: &[f64; 4]| *left < clear.right && *top < clear.bottom;
        let (shown, rest): (Vec<_>, Vec<_>) = words.iter().partition(|(at, _)| in_window(at));
        let text: String = shown.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(text, "〒«郵便番号»«住所1»«住所2»«氏名»様", "{language:?}");
        for ([left, top, right, bottom], text) in shown {
            assert!(*left >= seen.left - 0.1 && *right <= seen.right, "{language:?} {text}");
            assert!(*top >= seen.top - 0.1 && *bottom <= seen.bottom + 0.1, "{language:?} {text}");
        }
        assert!(!rest.is_empty());
    }
}

#[test]
fn equal_letters_are_equal_bytes_and_a_press_prints_again_and_again() {
    let Some(press) = press() else { return };
    let one = [letter(Language::Vietnamese, ID)];
    let first = press.print(&one).unwrap();
    press.print(&[letter(Language::Chinese, OTHER)]).unwrap();
    assert_eq!(press.print(&one).unwrap(), first);
}

#[test]
fn words_are_never_commands_and_no_box_stands_for_a_character() {
    let Some(press) = press() else { return };
    let odd = "#panic(\"x\") $x$ *b* \\ @a <b> `c` ~ -- //";
    let letter = Letter { title: odd.to_owned(), ..letter(Language::English, ID) };
    assert!(press.print(std::slice::from_ref(&letter)).is_ok());
    let unknown = Letter { title: "\u{1f600}".to_owned(), ..letter };
    let refused = press.print(&[unknown]);
    assert!(matches!(refused, Err(NotPrinted::NoCharacter { .. })), "{refused:?}");
}
