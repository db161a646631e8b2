package dev.redoubt.app;

import dev.redoubt.protocol.Driver;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which driver the flags ask for. */
final class Drivers {
    private Drivers() {}

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
                    "--driver " + driver + " builds the class " + named.get().runtimeClass() + ", not --runtime " + runtime);
        }
        return named.or(() -> Optional.of(runtime.equals("gvisor") ? Driver.GVISOR : Driver.NATIVE));
    }
}
