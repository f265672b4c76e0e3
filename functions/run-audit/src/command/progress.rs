//! How far a long reading is, shown to whoever watches the terminal.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, Scope},
    time::Duration,
};

use crisguard_core::policy::Language;
use crisguard_scan::{Progress, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::command::audit::many;

/// How often it is shown anew.
const EVERY: Duration = Duration::from_millis(100);

/// A line on standard error: bytes, records and the time left. It is gone when the reading ends.
///
/// It has no colours, with `NO_COLOR` or without.
#[derive(Debug)]
pub(crate) struct Bar {
    line: ProgressBar,
    language: Language,
    ended: AtomicBool,
}

impl Bar {
    /// Makes a bar; where nobody watches, it shows nothing.
    pub(crate) fn new(watched: bool, language: Language) -> Self {
        let target = if watched {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target).with_style(style("{spinner} {decimal_bytes}  {msg}"));
        Self {
            line: bar,
            language,
            ended: AtomicBool::new(false),
        }
    }

    /// Makes a bar that is cut into so many parts, of which [`Bar::reach`] tells.
    pub(crate) fn in_parts(watched: bool, language: Language, parts: u64) -> Self {
        let bar = Self::new(watched, language);
        bar.line.set_style(style(match language {
            Language::En => "{bar:24} {msg}  {eta} left",
            Language::Ja => "{bar:24} {msg}  残り {eta}",
        }));
        bar.line.set_length(parts);
        bar
    }

    /// Shows that so many parts are done.
    pub(crate) fn reach(&self, parts: u64, progress: Progress) {
        self.tell(progress);
        self.line.set_position(parts);
    }

    /// Writes something beside the bar.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.line.suspend(write)
    }

    /// Tells whether there is anything to see.
    pub(crate) fn is_shown(&self) -> bool {
        !self.line.is_hidden()
    }

    /// Follows a reading in a thread of its own, as long as what is returned is kept.
    pub(crate) fn follow<'s>(&'s self, watch: Watch, threads: &'s Scope<'s, '_>) -> Following<'s> {
        if self.is_shown() {
            threads.spawn(move || {
                while !self.has_ended() {
                    self.show(watch.progress());
                    thread::sleep(EVERY);
                }
            });
        }
        Following(self)
    }

    /// Expects so many bytes more.
    pub(crate) fn expect(&self, bytes: u64) {
        if self.line.length().is_none() {
            self.line.set_style(style(match self.language {
                Language::En => "{bar:24} {decimal_bytes} / {decimal_total_bytes}  {msg}  {eta} left",
                Language::Ja => "{bar:24} {decimal_bytes} / {decimal_total_bytes}  {msg}  残り {eta}",
            }));
            self.line.set_length(0);
        }
        self.line.inc_length(bytes);
    }

    fn show(&self, progress: Progress) {
        self.line.set_position(progress.bytes);
        self.tell(progress);
    }

    fn tell(&self, progress: Progress) {
        let (records, bedrock) = (many(progress.records), many(progress.bedrock_records));
        self.line.set_message(match (self.language, progress.records) {
            (Language::En, 1) => format!("1 record, {bedrock} of Bedrock"),
            (Language::En, _) => format!("{records} records, {bedrock} of Bedrock"),
            (Language::Ja, _) => format!("レコード {records} 件、うち Bedrock {bedrock} 件"),
        });
    }

    /// Tells whether the reading has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.line.finish_and_clear();
    }
}

/// A bar that follows a reading: it ends when this is dropped, however the reading ended.
#[derive(Debug)]
pub(crate) struct Following<'b>(&'b Bar);

impl Drop for Following<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
