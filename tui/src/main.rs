//! The program `starling`: everything is in the library.

fn main() -> std::process::ExitCode {
    starling_tui::cli::main()
}
