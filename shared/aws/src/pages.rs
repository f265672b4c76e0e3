//! Lists that come in pages.

use crate::{Disposition, Failure};

/// The most pages of one list: what goes on after that is a service that repeats itself.
const LARGEST_LIST: usize = 100;

/// Gathers a list: `page` asks for the page with a token, and returns what is on it and the next
/// page's token. An empty token is none, as the SDKs' paginators take it.
pub(crate) async fn every_page<T>(
    action: &'static str,
    resource: &str,
    page: impl AsyncFn(Option<String>) -> Result<(Vec<T>, Option<String>), Failure>,
) -> Result<Vec<T>, Failure> {
    every_page_of(LARGEST_LIST, action, resource, page).await
}

/// Gathers a list of at most so many pages.
pub(crate) async fn every_page_of<T>(
    most: usize,
    action: &'static str,
    resource: &str,
    page: impl AsyncFn(Option<String>) -> Result<(Vec<T>, Option<String>), Failure>,
) -> Result<Vec<T>, Failure> {
    let mut items = Vec::new();
    let mut next = None;
    for _ in 0..most {
        let (more, token) = page(next).await?;
        items.extend(more);
        next = token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(items);
        }
    }
    Err(Failure {
        action,
        resource: resource.to_owned(),
        cause: format!("the list has more than {most} pages"),
        disposition: Disposition::WillNotPass,
    })
}
