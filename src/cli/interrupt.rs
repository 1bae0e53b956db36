//! Ctrl-C, and what a supervisor sends to end a process. What is done about it is not decided here.

use std::pin::pin;
use std::sync::mpsc;

/// Waits for Ctrl-C, or for what a supervisor sends.
pub(super) async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = interrupted() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    interrupted().await;
}

/// Waits for Ctrl-C; for ever where nobody can listen to it.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// From now on, whoever asks this process to stop has `first` done before it ends with status 130.
pub(super) fn before_stopping(first: fn()) {
    let (listens, is_listening) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let mut asked = pin!(asked_to_stop());
            // Asked once, it listens.
            tokio::select! {
                biased;
                () = &mut asked => {}
                () = std::future::ready(()) => {
                    let _ = listens.send(());
                    asked.await;
                }
            }
        });
        first();
        std::process::exit(130);
    });
    // A thread that cannot listen has dropped its end.
    let _ = is_listening.recv();
}
