package dev.redoubt.protocol;

import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/** What a profile says about one system call. It can only take away from what the node's own list lets pass. */
public sealed interface CallRule {
    /** It passes always. */
    Allow ALWAYS = new Allow(List.of(), List.of());

    /**
     * It passes.
     *
     * @param onlyWhen and only when one of these holds; empty means always
     * @param except but not when one of these does
     */
    record Allow(List<Condition> onlyWhen, List<Refusal> except) implements CallRule {
        public Allow {
            onlyWhen = List.copyOf(onlyWhen);
            // In one order, so that rules that mean the same are the same
            except =
                    except.stream().sorted(Comparator.comparing(Refusal::error)).toList();
        }
    }

    /** It is refused. */
    record Deny(CallError error) implements CallRule {
        public Deny {
            Objects.requireNonNull(error, "error");
        }
    }

    /** When this holds it is refused with this error. */
    record Refusal(Condition when, CallError error) {
        public Refusal {
            Objects.requireNonNull(when, "when");
            Objects.requireNonNull(error, "error");
        }
    }
}
