//! Guesses by its indentation which block has one brace too many or too few.

/// A block that has both its braces: the offsets of its first word and of its `}`.
pub(super) struct Closed {
    pub(super) index: u32,
    pub(super) start: u32,
    pub(super) close: u32,
}

/// What is wrong with the braces.
#[derive(Clone, Copy)]
pub(super) enum Wrong {
    /// A block lacks its `}` and has taken that of a block around it.
    TooFew,
    /// A `}` too many has closed a block too early.
    TooMany,
}

/// The first block to be closed whose `}` is indented as that of another block would be.
pub(super) fn misplaced(
    text: &[u8],
    wrong: Wrong,
    blocks: impl Iterator<Item = Closed>,
) -> Option<Closed> {
    let misplaced = blocks.filter(|block| {
        let both = width(text, block.start).zip(width(text, block.close));
        both.is_some_and(|(start, close)| match wrong {
            Wrong::TooFew => close < start,
            Wrong::TooMany => close > start,
        })
    });
    misplaced.min_by_key(|block| block.close)
}

/// How many blanks stand before an offset; `None` where something else does. Far behind the
/// start of its line nothing is looked for.
fn width(text: &[u8], offset: u32) -> Option<usize> {
    const FAR: usize = 256;
    let before = &text[..offset as usize];
    let near = &before[before.len().saturating_sub(FAR)..];
    let blanks = near.iter().rev();
    let width = blanks
        .take_while(|&&byte| matches!(byte, b' ' | b'\t'))
        .count();
    let line = &before[..before.len() - width];
    (line.is_empty() || line.ends_with(b"\n")).then_some(width)
}
