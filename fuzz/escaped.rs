//! Stored inputs: one a line, escaped as `u8::escape_ascii` does, so that a corpus can be read
//! and its changes reviewed.

/// Returns the input as a line.
pub(super) fn escape(input: &[u8]) -> String {
    input.escape_ascii().to_string()
}

/// Returns the inputs of a file's lines; empty lines hold none.
///
/// Fails with the line, from 1, that is not written as [`escape`] does.
pub(super) fn inputs(text: &str) -> Result<Vec<Vec<u8>>, usize> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.is_empty());
    lines.map(|(line, number)| unescape(line).ok_or(number)).collect()
}

fn unescape(line: &str) -> Option<Vec<u8>> {
    let mut input = Vec::with_capacity(line.len());
    let mut bytes = line.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'\\' => match bytes.next()? {
                b't' => b'\t',
                b'r' => b'\r',
                b'n' => b'\n',
                b'x' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
                quoted @ (b'\'' | b'"' | b'\\') => quoted,
                _ => return None,
            },
            b' '..=b'~' => byte,
            _ => return None,
        };
        input.push(byte);
    }
    Some(input)
}

fn digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}
