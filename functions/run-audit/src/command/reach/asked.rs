//! What was asked and what was not, as people read it.

use std::io;

use crisguard_core::policy::Language;

use super::write::Page;
use crate::{
    command::{
        console::DIM,
        text::{harmless, wrapped},
    },
    reach::Asked,
};

/// How many principals are named one by one.
const NAMED: usize = 4;

impl Page<'_> {
    /// Says who calls, and what the answer says nothing of.
    pub(super) fn asked(&mut self, asked: &Asked) -> io::Result<()> {
        let texts = match self.words.language {
            Language::En => [caller(asked), not_asked(asked)],
            Language::Ja => [caller_in_japanese(asked), not_asked_in_japanese(asked)],
        };
        writeln!(self.out)?;
        for text in texts {
            writeln!(self.out, "{DIM}{}{DIM:#}", wrapped(&harmless(&text), self.width, 0))?;
        }
        Ok(())
    }
}

fn caller(asked: &Asked) -> String {
    match asked.principal.as_str() {
        "ordinary" if asked.named_principals.is_empty() => {
            "Asked for a role that no policy names; no policy names any.".to_owned()
        }
        "ordinary" => format!(
            "Asked for a role that no policy names. More or less may hold for those that policies name (--principal): {}.",
            named(asked)
        ),
        "any" => "Asked for anybody (--principal any).".to_owned(),
        arn => format!("Asked for {arn}."),
    }
}

fn caller_in_japanese(asked: &Asked) -> String {
    match asked.principal.as_str() {
        "ordinary" if asked.named_principals.is_empty() => {
            "前提: どのポリシーにも名前のないロールからの呼び出し（名前を挙げるポリシーはありません）。".to_owned()
        }
        "ordinary" => format!(
            "前提: どのポリシーにも名前のないロールからの呼び出し。ポリシーに名前のあるプリンシパルでは結果が異なることがあります（--principal で指定）: {}",
            named(asked)
        ),
        "any" => "前提: 任意のプリンシパルからの呼び出し（--principal any）。".to_owned(),
        arn => format!("前提: {arn} からの呼び出し。"),
    }
}

fn named(asked: &Asked) -> String {
    let named = asked.named_principals.iter().take(NAMED).cloned();
    let named: Vec<String> = named.collect();
    match asked.named_principals.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} (+{more})", named.join(", ")),
    }
}

fn not_asked(asked: &Asked) -> String {
    let mut not = Vec::new();
    match asked.other_sources {
        0 => {}
        1 => not.push("calls in 1 other Region (--source '*')".to_owned()),
        more => not.push(format!("calls in {more} other Regions (--source '*')")),
    }
    not.push(if asked.models.is_empty() {
        "models without a profile (--model)".to_owned()
    } else {
        "other models without a profile (--model), whether these are served there".to_owned()
    });
    if !asked.batch {
        not.push("batch jobs (--batch)".to_owned());
    }
    if !asked.guardrails {
        not.push("guardrails' profiles (--guardrails)".to_owned());
    }
    format!("Not asked: {}.", not.join(", "))
}

fn not_asked_in_japanese(asked: &Asked) -> String {
    let mut not = Vec::new();
    if asked.other_sources > 0 {
        not.push(format!(
            "ほか {} リージョンでの呼び出し（--source '*'）",
            asked.other_sources
        ));
    }
    not.push(if asked.models.is_empty() {
        "プロファイルを使わないモデル呼び出し（--model）".to_owned()
    } else {
        "ほかのモデルの、プロファイルを使わない呼び出し（--model）、指定のモデルがそのリージョンで提供されているか"
            .to_owned()
    });
    if !asked.batch {
        not.push("バッチジョブ（--batch）".to_owned());
    }
    if !asked.guardrails {
        not.push("ガードレールプロファイル（--guardrails）".to_owned());
    }
    format!("対象外: {}", not.join("、"))
}
