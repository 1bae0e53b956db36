//! Scripts of a proxy: text to [`Script`]. Touches no disk.

use super::{FileError, Problem, broken, check, text_of, wrong};
use crate::drive::proxy::{Objection, Place, Script};
use toml::de::DeTable;

/// Reads a script from the bytes of the file called `file`, to be played between these endpoints.
///
/// # Errors
///
/// One sentence: what is wrong, where, and what to do.
pub fn parse_script(file: &str, bytes: &[u8], place: &Place) -> Result<Script, FileError> {
    let text = text_of(file, bytes, "a script")?;
    read(text, place).map_err(|problem| problem.in_file(file, text))
}

fn read(text: &str, place: &Place) -> Result<Script, Problem> {
    if text.trim().is_empty() {
        let problem = Problem::new(None, "", "the file is empty");
        return Err(problem.hint("a script begins with `version = 1`, as a scenario does"));
    }
    let document = DeTable::parse(text).map_err(|error| broken(text, &error))?;
    check::version(document.get_ref())?;
    let script: Script = toml::from_str(text).map_err(wrong)?;
    script.check(place).map_err(|objection| {
        let at = place_of(document.get_ref(), &objection);
        Problem::new(at, objection.table, objection.to_string())
    })?;
    Ok(script)
}

/// Where the entry begins that cannot be played.
fn place_of(document: &DeTable<'_>, objection: &Objection) -> Option<usize> {
    let entries = document.get(objection.table)?;
    Some(entries.get_ref().get(objection.number)?.span().start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::Party;
    use crate::report::table::wrap;
    use insta::assert_snapshot;
    use reversim_models::iso8583::POS;

    const PLACE: Place =
        Place { left: Party::terminal(1), right: Party::switch(1), dialect: &POS, has_key: false };

    fn error(text: &str) -> String {
        let script = format!("version = 1\n\n{text}");
        parse_script("s.toml", script.as_bytes(), &PLACE).expect_err("it is wrong").to_string()
    }

    const ANSWER: &str = r#"from = "switch-1", to = "terminal-1", mti = "0210""#;

    #[test]
    fn a_fault_is_written_as_in_a_scenario() {
        let text = format!(
            "version = 1\n[[fault]]\ndrop = {{ {ANSWER} }}\n[[edit]]\non = {{ {ANSWER}, nth = 2 }}\n\
             element = 39\nvalue = \"05\"\nmac = \"break\"\n[[hold]]\non = {{ {ANSWER} }}\n\
             until = {{ from = \"terminal-1\", to = \"switch-1\", mti = \"0400\" }}\n"
        );
        let script = parse_script("s.toml", text.as_bytes(), &PLACE).expect("it is a script");
        assert_snapshot!(script.words().join("\n").replace(" until", "\n  until"), @r"
        drop the first 0210 from switch-1 to terminal-1
        write another element 39 in the second 0210 from switch-1 to terminal-1, with a wrong MAC
        hold the first 0210 from switch-1 to terminal-1
          until the first 0400 from terminal-1 to switch-1 has passed, 1 min at most
        ");
    }

    #[test]
    fn what_no_proxy_can_do_is_an_error_that_names_the_entry() {
        let fault = |words: &str| error(&format!("[[fault]]\n{words}"));
        let on = |words: &str| fault(&words.replace("ANSWER", &format!("{{ {ANSWER} }}")));
        let edit = |words: &str| error(&format!("[[edit]]\non = {{ {ANSWER} }}\n{words}"));
        let action = r#"{ party = "terminal-1", side = "before", action = "send 0200" }"#;
        let all = [
            fault(r#"power-cut = { party = "issuer-1", at = { at-ms = 5 }, down-ms = 9 }"#),
            fault(&format!("drop = {{ {ANSWER} }}\n[[fault]]\ndrop = {{ {ANSWER}, step = 2 }}")),
            on(r#"delay = { on = ANSWER, until = { deadline = { of = "terminal-1" } } }"#),
            fault(&format!("reorder = {{ {} }}", ANSWER.replace("switch-1", "issuer-1"))),
            fault(&format!(
                r#"stall = {{ at = {{ action = {action} }}, a = "terminal-1", b = "switch-1", for-ms = 1 }}"#
            )),
            on("resubmit = { on = ANSWER, after-ms = 1 }"),
            edit("element = 4\nvalue = \"12x\""),
            edit("element = 4\nvalue = \"1\"\nmac = \"fix\""),
            edit("element = 5\nvalue = \"1\""),
            error("[[step]]\nid = 1"),
        ];
        let all: Vec<String> = all.iter().map(|error| wrap(error, 88, 86).join("\n  ")).collect();
        assert_snapshot!(all.join("\n"), @"");
    }
}
