#[test]
fn print() {
    let text = std::fs::read_to_string("/tmp/sentences.txt").unwrap();
    for line in text.lines() {
        let (at, line) = line.split_once('|').unwrap_or(("N", line));
        println!("{line}\n      {}", crate::dialogue::understand::tests::explain(at, line));
    }
}
