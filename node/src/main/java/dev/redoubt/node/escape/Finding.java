package dev.redoubt.node.escape;

import java.util.Optional;

/**
 * One attack, tried inside, beside its control.
 *
 * @param wall the layer that stopped it; empty when it was not stopped, or by the kernel itself
 */
public record Finding(Probe probe, As as, Outcome outcome, Outcome control, Optional<Layer> wall) {

    static Finding of(Probe probe, As as, Outcome outcome, Outcome control, CallFilter filter) {
        Optional<Layer> wall =
                outcome instanceof Outcome.Blocked blocked ? Wall.that(probe, blocked, filter) : Optional.empty();
        return new Finding(probe, as, outcome, control, wall);
    }

    public boolean open() {
        return outcome instanceof Outcome.Open;
    }

    /** Whether the control gives this finding a meaning: it worked where the wall is absent, or there is nothing to attack. */
    public boolean controlled() {
        return switch (control) {
            case Outcome.Open open -> true;
            case Outcome.Absent absent -> true;
            case Outcome.Blocked blocked -> false;
            case Outcome.Harmless harmless -> false;
            case Outcome.Untried untried -> false;
        };
    }

    /** The errno, or nothing. */
    public String error() {
        return outcome instanceof Outcome.Blocked blocked ? blocked.error() : "";
    }

    /** The wall as it is printed: a layer, {@code kernel} for what no sandbox wall had to stop, {@code none}. */
    public String wallWord() {
        return switch (outcome) {
            case Outcome.Blocked blocked ->
                wall.map(Layer::name).orElse("KERNEL").toLowerCase(java.util.Locale.ROOT);
            case Outcome.Open open -> "none";
            case Outcome.Harmless harmless -> "none";
            case Outcome.Absent absent -> "none";
            case Outcome.Untried untried -> "none";
        };
    }
}
