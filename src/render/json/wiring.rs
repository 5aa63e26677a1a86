//! What devrun has to say of backing services and of other sessions, as events.

use crate::render::json::Json;
use crate::words::wiring::Wiring;

impl Json {
    pub(super) fn wiring(&mut self, news: &Wiring, out: &mut Vec<u8>) {
        match news {
            Wiring::Wired {
                process,
                variable,
                value,
                provider,
            } => {
                let provider = provider.as_ref().map(ToString::to_string);
                let line = self.about("service.wired", process, out);
                let line = line.put("variable", variable).put("value", value);
                line.put("provider", provider).end();
            }
            Wiring::SiblingStarts { .. }
            | Wiring::Joined { .. }
            | Wiring::Unowned { .. }
            | Wiring::WithoutUse { .. }
            | Wiring::CycleRelaxed { .. }
            | Wiring::TakesOver { .. }
            | Wiring::HandsOver { .. }
            | Wiring::ProviderStopped { .. }
            | Wiring::ProviderVanished { .. }
            | Wiring::BeingCleanedUp { .. }
            | Wiring::EnvReread { .. }
            | Wiring::SettingsKept { .. }
            | Wiring::StillUsed { .. }
            | Wiring::UsedBy { .. }
            | Wiring::CannotStart { .. } => {}
        }
    }
}
