//! Colours by meaning. `auto` takes the sixteen of the terminal, so that a person's own scheme wins; `light` and `dark`
//! bring colours of their own with a contrast of at least 7:1; a file in `DIR/themes` may bring any.

use super::Depth;
use ratatui::style::Color;

/// Colours by meaning; none is what the terminal has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Palette {
    /// Ordinary text.
    pub text: Option<Color>,
    /// Times, hints, frames.
    pub dim: Option<Color>,
    /// Own name.
    pub own: Option<Color>,
    /// Something to look at.
    pub warn: Option<Color>,
    /// Something good.
    pub good: Option<Color>,
    /// Text of the chosen entry; reversed if neither it nor its ground is said.
    pub chosen: Option<Color>,
    /// Ground of the chosen entry.
    pub ground: Option<Color>,
}

/// The names of the sixteen.
const SIXTEEN: [(&str, Color); 16] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// The meanings, as a theme's file names them.
pub const MEANINGS: [&str; 7] = ["text", "dim", "own", "warn", "good", "chosen", "ground"];

const fn rgb(hex: u32) -> Option<Color> {
    let [_, red, green, blue] = hex.to_be_bytes();
    Some(Color::Rgb(red, green, blue))
}

impl Palette {
    /// The sixteen of the terminal, those that can be read on its ground.
    pub const fn sixteen(dark: bool) -> Self {
        let (own, warn) = if dark { (Color::Cyan, Color::Yellow) } else { (Color::Blue, Color::Red) };
        Self {
            text: None,
            dim: Some(Color::DarkGray),
            own: Some(own),
            warn: Some(warn),
            good: Some(Color::Green),
            chosen: None,
            ground: None,
        }
    }

    /// For a dark ground.
    pub const DARK: Self = Self {
        text: rgb(0xe6_e6_e6),
        dim: rgb(0xa8_a8_a8),
        own: rgb(0x5f_d7_ff),
        warn: rgb(0xff_d7_5f),
        good: rgb(0x87_d7_87),
        chosen: rgb(0x00_00_00),
        ground: rgb(0xd0_d0_d0),
    };

    /// For a light ground.
    pub const LIGHT: Self = Self {
        text: rgb(0x1a_1a_1a),
        dim: rgb(0x4d_4d_4d),
        own: rgb(0x00_46_8b),
        warn: rgb(0x8b_1a_00),
        good: rgb(0x00_55_1e),
        chosen: rgb(0xff_ff_ff),
        ground: rgb(0x30_30_30),
    };

    /// The palette as a terminal can show it: what it cannot becomes the nearest it can, or its own of `dark`.
    #[must_use]
    pub fn shown(self, depth: Depth, dark: bool) -> Self {
        let plain = Self::sixteen(dark);
        let fit = |colour: Option<Color>, plain: Option<Color>| match (colour, depth) {
            (_, Depth::None) => None,
            (Some(Color::Rgb(red, green, blue)), Depth::Indexed) => {
                Some(Color::Indexed(cube(red, green, blue)))
            }
            (Some(Color::Rgb(..)), Depth::Sixteen) => plain,
            _ => colour,
        };
        Self {
            text: fit(self.text, plain.text),
            dim: fit(self.dim, plain.dim),
            own: fit(self.own, plain.own),
            warn: fit(self.warn, plain.warn),
            good: fit(self.good, plain.good),
            chosen: fit(self.chosen, plain.chosen),
            ground: fit(self.ground, plain.ground),
        }
    }

    /// Sets what a line of a theme's file says.
    ///
    /// # Errors
    /// In words, if there is no such meaning or colour.
    pub fn set(&mut self, meaning: &str, text: &str) -> Result<(), String> {
        let place = match meaning {
            "text" => &mut self.text,
            "dim" => &mut self.dim,
            "own" => &mut self.own,
            "warn" => &mut self.warn,
            "good" => &mut self.good,
            "chosen" => &mut self.chosen,
            "ground" => &mut self.ground,
            _ => {
                return Err(format!(
                    "there is nothing to colour of that name; there is {}",
                    MEANINGS.join(", ")
                ));
            }
        };
        *place = if text == "default" { None } else { Some(colour(text)?) };
        Ok(())
    }
}

/// A colour by its name or as `#rrggbb`.
fn colour(text: &str) -> Result<Color, String> {
    if let Some((_, colour)) = SIXTEEN.iter().find(|(name, _)| *name == text) {
        return Ok(*colour);
    }
    let hex =
        text.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.chars().all(|c| c.is_ascii_hexdigit()));
    hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(rgb).ok_or_else(|| {
        let names = SIXTEEN.map(|(name, _)| name).join(", ");
        format!("a colour is #rrggbb, default, or one of {names}")
    })
}

/// The nearest of the 6 by 6 by 6 colours every terminal with 256 has.
fn cube(red: u8, green: u8, blue: u8) -> u8 {
    // The steps are 0, 95, 135, 175, 215, 255.
    let step = |part: u8| {
        if part < 48 {
            0
        } else if part < 115 {
            1
        } else {
            ((part - 35) / 40).min(5)
        }
    };
    16 + 36 * step(red) + 6 * step(green) + step(blue)
}
