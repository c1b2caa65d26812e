//! The examples of the documentation and the answers of the command line that need no node, as files: a command
//! and what it prints. `TRYCMD=overwrite cargo test -p starling-tui --test cli` writes them anew.

#[test]
fn documented_commands_print_what_the_documents_say() {
    let empty = tempfile::tempdir().expect("a folder");
    trycmd::TestCases::new()
        .case("tests/cmd/*.trycmd")
        .case("../docs/user/cli.md")
        .env("STARLING_DIR", empty.path().join("none").to_string_lossy())
        .env("NO_COLOR", "1")
        .env("TZ", "UTC")
        .env("COLUMNS", "100");
}
