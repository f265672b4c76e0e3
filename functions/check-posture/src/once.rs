//! What is asked for in several places and looked up once.

use std::{collections::BTreeMap, fmt, sync::Arc};

use tokio::sync::{Mutex, OnceCell};

/// Answers by what was asked; whoever asks for one that is being looked up waits for it.
pub(crate) struct Once<Question, Answer>(Mutex<BTreeMap<Question, Arc<OnceCell<Answer>>>>);

impl<Question: Ord + Clone, Answer: Clone> Once<Question, Answer> {
    /// Begins without any answer.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Returns the answer, which `look_up` finds if nobody has asked before.
    pub(crate) fn get(
        &self,
        question: &Question,
        look_up: impl Future<Output = Answer>,
    ) -> impl Future<Output = Answer> {
        let look_up = Box::pin(look_up);
        async move {
            let cell = Arc::clone(self.0.lock().await.entry(question.clone()).or_default());
            cell.get_or_init(|| look_up).await.clone()
        }
    }
}

impl<Question, Answer> fmt::Debug for Once<Question, Answer> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn what_is_asked_for_twice_at_once_is_looked_up_once() {
        let (once, looked_up) = (Once::new(), Cell::new(0));
        let look_up = async || {
            let number = looked_up.get() + 1;
            looked_up.set(number);
            tokio::task::yield_now().await;
            number
        };
        let answers = tokio::join!(
            once.get(&"a", look_up()),
            once.get(&"a", look_up()),
            once.get(&"b", look_up())
        );
        assert_eq!((answers.0, answers.1), (1, 1));
        assert_eq!((answers.2, looked_up.get()), (2, 2));
    }
}
