//! Lines of pieces that are never broken, whatever is in them: a path or a GUID that is cut can be neither copied nor searched for.

use crate::cli::text::lines::Lines;

/// Adds `start` and the pieces, blanks between them; what does not fit goes below, behind `indent` blanks. The first piece stays beside the
/// start.
pub fn add<'a>(out: &mut Lines, start: &str, pieces: impl IntoIterator<Item = &'a str>, indent: usize) {
    let mut line = start.to_owned();
    let mut is_begun = false;
    for piece in pieces {
        if is_begun && width(&line).saturating_add(width(piece)) >= out.columns() {
            out.whole(format_args!("{line}"));
            line = " ".repeat(indent);
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line.push_str(piece);
        is_begun = true;
    }
    out.whole(format_args!("{line}"));
}

/// Columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    textwrap::core::display_width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(columns: usize, start: &str, pieces: &[&str]) -> Vec<String> {
        let mut out = Lines::of_width(columns);
        add(&mut out, start, pieces.iter().copied(), 4);
        out.into_text().lines().map(str::to_owned).collect()
    }

    #[test]
    fn pieces_go_below_where_they_do_not_fit() {
        assert_eq!(lines(11, "name ", &["one", "two", "three"]), ["name one", "    two", "    three"]);
        assert_eq!(lines(12, "name ", &["one", "two", "three"]), ["name one two", "    three"]);
        assert_eq!(lines(12, "name ", &[]), ["name"]);
        assert_eq!(lines(12, "name ", &[""]), ["name"]);
    }

    #[test]
    fn a_piece_is_not_broken() {
        let device = r"ramdisk=[2 (Windows)]\Recovery  a\Winre.wim";
        assert_eq!(lines(20, "name ", &[device, "(x)"]), [format!("name {device}"), "    (x)".to_owned()]);
        assert_eq!(lines(20, "name ", &["a", device]), ["name a".to_owned(), format!("    {device}")]);
    }
}
