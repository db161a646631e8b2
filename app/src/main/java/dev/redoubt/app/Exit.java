package dev.redoubt.app;

/** What the commands other than {@code run} answer with; {@code run} answers with its command's code. */
final class Exit {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int NOT_RUNNING = 3;
    static final int NOT_FOUND = 4;
    static final int NOT_ALLOWED = 5;

    /** Time limit or idle limit of a run. */
    static final int RUN_TIME_LIMIT = 124;

    /** Redoubt's own failure in a run: nothing of the command's can be confused with it but the command's own 125. */
    static final int RUN_FAILED = 125;

    /** As the shell's: found, and not executable. */
    static final int RUN_NOT_EXECUTABLE = 126;

    /** As the shell's: not found. */
    static final int RUN_NOT_FOUND = 127;

    /** Added to the number of the signal that ended the command. */
    static final int RUN_SIGNALLED = 128;

    private Exit() {}
}
