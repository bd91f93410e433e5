//! Pages in Markdown whose fenced blocks are tests: sections by heading, blocks by info string.
//!
//! Knows just as much of Markdown as that: `#` headings and fences of three or more backticks.

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first word of the info string: `claw`, `request`, …
    pub kind: String,
    /// The other words.
    pub words: Vec<String>,
    /// What stands between the fences, each line with its newline.
    pub text: String,
    /// The line of the opening fence, from 1.
    pub line: usize,
}

/// A heading and the blocks below it, up to the next heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The headings above and this one, joined by ` / `.
    pub title: String,
    /// The line of the heading, from 1.
    pub line: usize,
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
}

/// Takes a page apart. Sections without blocks are left out.
pub fn sections(page: &str) -> Vec<Section> {
    let mut out: Vec<Section> = Vec::new();
    let mut titles: Vec<String> = Vec::new();
    let mut current = Section { title: String::new(), line: 1, blocks: Vec::new() };
    let mut open: Option<(usize, Block)> = None;
    for (number, line) in page.lines().enumerate() {
        let ticks = line.chars().take_while(|c| *c == '`').count();
        if let Some((fence, block)) = &mut open {
            if ticks >= *fence && line.trim() == "`".repeat(ticks) {
                current.blocks.extend(open.take().map(|(_, block)| block));
            } else {
                block.text.push_str(line);
                block.text.push('\n');
            }
        } else if ticks >= 3 {
            let mut words = line[ticks..].split_whitespace().map(str::to_owned);
            let kind = words.next().unwrap_or_default();
            open = Some((ticks, Block { kind, words: words.collect(), text: String::new(), line: number + 1 }));
        } else if let Some((level, title)) = heading(line) {
            out.push(current);
            titles.truncate(level - 1);
            titles.push(title.to_owned());
            current = Section { title: titles.join(" / "), line: number + 1, blocks: Vec::new() };
        }
    }
    out.push(current);
    out.retain(|section| !section.blocks.is_empty());
    out
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.chars().take_while(|c| *c == '#').count();
    let title = line[level..].strip_prefix(' ')?;
    (level > 0).then_some((level, title.trim()))
}

/// The page with the text of the block that opens at `line` replaced.
pub fn replace_block(page: &str, line: usize, text: &str) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let fence: String = lines[line - 1].chars().take_while(|c| *c == '`').collect();
    let end = lines.iter().skip(line).position(|l| l.trim() == fence).map_or(lines.len(), |i| i + line);
    let mut out: Vec<&str> = lines[..line].to_vec();
    out.extend(text.lines());
    out.extend(&lines[end..]);
    out.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "# A\n\nText.\n\n## B\n```claw x.claw\ntool a()\n```\n````md\n```\nno\n```\n````\n### C\n```request\n{}\n```\n";

    #[test]
    fn takes_apart() {
        let found = sections(PAGE);
        let titles: Vec<_> = found.iter().map(|s| (s.title.as_str(), s.blocks.len())).collect();
        assert_eq!(titles, [("A / B", 2), ("A / B / C", 1)]);
        assert_eq!(found[0].blocks[0].words, ["x.claw"]);
        assert_eq!(found[0].blocks[1].text, "```\nno\n```\n");
    }

    #[test]
    fn replaces() {
        let page = replace_block(PAGE, 6, "tool b()\n");
        assert_eq!(sections(&page)[0].blocks[0].text, "tool b()\n");
        assert_eq!(sections(&page)[1], sections(PAGE)[1]);
    }
}
