//! How many letters a second a press prints: `cargo run --release -p print --example letters`.

use std::{env, time::Instant};

use print::{
    Press,
    fonts::Fonts,
    letter::{Block, Call, Code, Letter, Number},
};

fn letter(number: u64) -> Letter {
    let words = |text: &str| text.to_owned();
    let id = format!("{:05}-{:05}-{:05}", 48_213, number / 100_000, number % 100_000);
    let sentence = "スマートフォンやパソコンで開き、問合せIDを入れると、手順が出ます。";
    Letter {
        recipient: ["〒«郵便番号»", "«住所»", "«氏名» 様"].map(words).to_vec(),
        sender: ["2026年4月1日", "見本プロバイダ"].map(words).to_vec(),
        title: words("ご自宅の機器についてのお知らせ"),
        number: Number { label: words("問合せID"), value: id.clone() },
        code: Code {
            says: format!("https://todoke.example/id#{id}"),
            caption: words("スマートフォンで読み取ります。"),
            address: words("https://todoke.example/id"),
        },
        body: (0..12).map(|_| Block::Paragraph(words(sentence))).collect(),
        call: Call {
            who: words("窓口"),
            phone: words("0120-000-000"),
            hours: words("平日 10時から18時まで"),
        },
        foot: format!("isp-a-20260501-001 {number} letter-ja-1"),
        ..Letter::default()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count = env::args().nth(1).map_or(Ok(1_000), |count| count.parse())?;
    let begin = Instant::now();
    let press = Press::new(Fonts::find(&Fonts::folders())?);
    println!("press: {:.2} s", begin.elapsed().as_secs_f64());
    let letters: Vec<Letter> = (1..=count).map(letter).collect();
    for size in [500, 1] {
        let begin = Instant::now();
        let mut bytes = 0;
        for some in letters.chunks(size) {
            bytes += press.print(some)?.len();
        }
        let seconds = begin.elapsed().as_secs_f64();
        let rate = count as f64 / seconds;
        println!("{count} letters, {size} a file: {seconds:.2} s, {rate:.0}/s, {bytes} bytes");
    }
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = memory.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{peak}");
    Ok(())
}
