package dev.redoubt.node.escape;

/** What came of one attack. */
public sealed interface Outcome {
    /** As it is printed. */
    String word();

    /** What the attack said about itself. */
    String note();

    /** It worked. */
    record Open(String note) implements Outcome {
        @Override
        public String word() {
            return "open";
        }
    }

    /**
     * It was refused.
     *
     * @param error the errno, or the signal that ended the attack; empty when it found nothing to take
     */
    record Blocked(String error, SystemCall call, String note) implements Outcome {
        @Override
        public String word() {
            return "blocked";
        }
    }

    /** It went through and gave only what the sandbox has anyway. */
    record Harmless(String note) implements Outcome {
        @Override
        public String word() {
            return "harmless";
        }
    }

    /** A control only: this kernel has no such thing, so there is nothing to attack here. */
    record Absent(String error) implements Outcome {
        @Override
        public String word() {
            return "absent";
        }

        @Override
        public String note() {
            return "";
        }
    }

    /** It could not be tried. Never counted as a wall that held. */
    record Untried(String note) implements Outcome {
        @Override
        public String word() {
            return "untried";
        }
    }
}
