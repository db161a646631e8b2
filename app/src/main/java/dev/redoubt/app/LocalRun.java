package dev.redoubt.app;

/** Runs one command in a fresh sandbox of this machine. */
@SuppressWarnings("DoNotCallSuggester") // until it is wired
final class LocalRun {
    private LocalRun() {}

    /** @return the exit code of the command, or one of the contract's 124 to 127 */
    static int run(RunOptions options) {
        throw Refusal.notBuilt("running " + options.command().getFirst());
    }
}
