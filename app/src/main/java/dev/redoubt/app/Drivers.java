package dev.redoubt.app;

import dev.redoubt.protocol.Driver;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which driver the flags ask for. */
final class Drivers {
    private Drivers() {}

    private static final List<String> DRIVERS = List.of("native", "crun", "gvisor");
    private static final List<String> RUNTIMES = List.of("container", "gvisor");

    /** @throws Refusal for a flag that names no driver or class that is built */
    static Driver chosen(@Nullable String driver, @Nullable String runtime) {
        check(driver, runtime);
        return asked(driver, runtime).orElse(Driver.NATIVE);
    }

    /** @throws Refusal as {@link #chosen} */
    static void check(@Nullable String driver, @Nullable String runtime) {
        choice("--driver", driver == null ? "native" : driver, DRIVERS, List.of());
        choice("--runtime", runtime == null ? "container" : runtime, RUNTIMES, List.of("microvm", "wasm"));
    }

    /** @throws Refusal for what is planned, and for what is not one of these */
    static void choice(String option, String value, List<String> built, List<String> planned) {
        if (planned.contains(value)) {
            throw Refusal.notBuilt(option + " " + value);
        }
        if (!built.contains(value)) {
            throw new Refusal(
                    Refusal.Code.VALIDATION_ERROR,
                    option + " is one of " + String.join(", ", built) + ", not '" + value + "'");
        }
    }

    /**
     * @param driver of {@code --driver}
     * @param runtime of {@code --runtime}
     * @return empty when the profile is to say
     */
    static Optional<Driver> asked(@Nullable String driver, @Nullable String runtime) {
        Optional<Driver> named = Optional.ofNullable(driver).flatMap(Driver::parse);
        if (runtime == null) {
            return named;
        }
        if (named.isPresent() && !named.get().runtimeClass().toString().equals(runtime)) {
            throw new Refusal(
                    Refusal.Code.VALIDATION_ERROR,
                    "--driver " + driver + " builds the class " + named.get().runtimeClass() + ", not --runtime "
                            + runtime);
        }
        return named.or(() -> Optional.of(runtime.equals("gvisor") ? Driver.GVISOR : Driver.NATIVE));
    }
}
