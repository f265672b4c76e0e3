//! The trails that cover a Region.

use crisguard_aws::cloudtrail;
use crisguard_core::{
    posture::{
        AdvancedSelector, BasicSelector, FieldSelector, NotObserved, Observed, Selectors, Trail, TrailPosture,
        TrailStatus,
    },
    region::Region,
};
use futures_util::future::join_all;

use super::everywhere::Eye;
use crate::once::Once;

const LIST: &str = "cloudtrail:DescribeTrails";

/// The trails of a sweep: one for all Regions is read once.
#[derive(Debug)]
pub(super) struct Trails(Once<String, (Observed<TrailStatus>, Observed<Selectors>)>);

impl Trails {
    pub(super) fn unseen() -> Self {
        Self(Once::new())
    }
}

/// Looks at the trails of a Region, those of other Regions that cover it too.
pub(super) async fn observe(eye: &Eye<'_>, region: &Region) -> TrailPosture {
    let trails = match eye.ask(eye.aws.trails(region.as_str()).list()).await {
        Err(not_observed) => Err(not_observed),
        Ok(listed) => {
            let each = listed.iter().map(async |trail| look(eye, trail).await);
            join_all(each).await.into_iter().collect()
        }
    };
    TrailPosture { trails }
}

async fn look(eye: &Eye<'_>, trail: &cloudtrail::Trail) -> Observed<(String, Trail)> {
    let unsaid = |what: &str| NotObserved::new(LIST, &format!("the answer does not say {what} of {}", trail.arn));
    let home = trail.home_region.as_deref().ok_or_else(|| unsaid("the home Region"))?;
    let home: Region = home.parse().map_err(|_| unsaid("the home Region"))?;
    let multi_region = trail
        .multi_region
        .ok_or_else(|| unsaid("whether it is for all Regions"))?;
    // A trail tells of itself in its home Region alone.
    let at_home = eye.aws.trails(home.as_str());
    let gone = |action| NotObserved::new(action, "the trail was deleted since it was listed");
    let read = async {
        let (status, selectors) = tokio::join!(
            eye.ask(at_home.status(&trail.arn)),
            eye.ask(at_home.selectors(&trail.arn))
        );
        let status = status.and_then(|status| {
            let status = status.ok_or_else(|| gone("cloudtrail:GetTrailStatus"))?;
            Ok(TrailStatus {
                logging: status.logging,
                delivery_error: status.latest_delivery_error,
            })
        });
        let selectors = selectors.and_then(|selectors| {
            selectors
                .map(selected)
                .ok_or_else(|| gone("cloudtrail:GetEventSelectors"))
        });
        (status, selectors)
    };
    let (status, selectors) = eye.trails.0.get(&trail.arn, read).await;
    let seen = Trail {
        home,
        multi_region,
        status,
        selectors,
    };
    Ok((trail.arn.clone(), seen))
}

/// A trail has selectors of one kind; where it has advanced ones, no others are in force.
fn selected(selectors: cloudtrail::Selectors) -> Selectors {
    if selectors.advanced.is_empty() {
        let basic = selectors.basic.into_iter().map(|selector| BasicSelector {
            read_write_type: selector.read_write_type,
            management_events: selector.include_management_events,
            excluded_sources: selector.exclude_management_event_sources,
        });
        Selectors::Basic(basic.collect())
    } else {
        let advanced = selectors.advanced.into_iter().map(|selector| AdvancedSelector {
            fields: selector.field_selectors.into_iter().map(field).collect(),
        });
        Selectors::Advanced(advanced.collect())
    }
}

fn field(field: cloudtrail::FieldSelector) -> FieldSelector {
    FieldSelector {
        field: field.field,
        equals: field.equals,
        starts_with: field.starts_with,
        ends_with: field.ends_with,
        not_equals: field.not_equals,
        not_starts_with: field.not_starts_with,
        not_ends_with: field.not_ends_with,
    }
}
