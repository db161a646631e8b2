package dev.redoubt.node.escape;

import java.io.IOException;
import java.util.List;

/** Runs the battery's program inside a sandbox. Called again after an attack that ended the sandbox. */
@FunctionalInterface
public interface Confined {
    /**
     * @param arguments of {@code redoubt-escape}, without its own name
     * @throws IOException when the sandbox cannot be had or its output not be read
     */
    Ended run(As as, List<String> arguments) throws IOException, InterruptedException;
}
