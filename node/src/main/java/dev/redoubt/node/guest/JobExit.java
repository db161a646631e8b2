package dev.redoubt.node.guest;

/** How a job ended. */
public sealed interface JobExit {
    /** What it used, with its waited-for children (getrusage(2)). */
    JobUsage usage();

    /** It returned; 0 is success. For a file operation the code is an errno, 0 is done. */
    record Exited(int code, JobUsage usage) implements JobExit {}

    /** A signal ended it. */
    record Signalled(int signal, JobUsage usage) implements JobExit {}

    /** It never ran: this step failed with this errno. */
    record NotStarted(StartStep step, int errno, JobUsage usage) implements JobExit {}

    /** The steps at which a start can fail, by the guest's names. */
    enum StartStep {
        /** The user or group does not exist, or may not be asked for. */
        USER,
        /** The working directory. */
        CWD,
        /** Switching to the user's ids. */
        IDS,
        /** Finding or executing the program. */
        EXEC,
        /** Making its pipes. */
        PIPE,
        /** Making its process. */
        FORK,
        /** Its terminal. */
        PTY,
        /** Its capabilities. */
        CAPABILITIES,
        /** Its resource limits. */
        LIMITS,
        /** The guest did not accept the request: too many jobs, or malformed. */
        REFUSED,
        /** A name that this node does not know: the guest is newer. */
        OTHER;

        static StartStep of(String name) {
            for (StartStep step : values()) {
                if (step.name().equalsIgnoreCase(name)) {
                    return step;
                }
            }
            return OTHER;
        }
    }
}
