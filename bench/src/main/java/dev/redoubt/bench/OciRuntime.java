package dev.redoubt.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * A program that runs OCI bundles.
 *
 * @param name what it is called in the results
 * @param command it and its global options
 * @param coversUnified it refuses to work where version 2 of control groups is mounted beside version 1
 */
record OciRuntime(String name, List<String> command, boolean coversUnified) {
    OciRuntime {
        command = List.copyOf(command);
    }

    /** Creates, starts, waits, deletes. */
    List<String> run(Bundle bundle) {
        return and("run", "--bundle", bundle.directory().toString(), bundle.id());
    }

    /** Creates and starts. */
    List<String> start(Bundle bundle) {
        return and("run", "--detach", "--bundle", bundle.directory().toString(), bundle.id());
    }

    List<String> exec(Bundle bundle, List<String> argv) {
        List<String> all = and("exec", bundle.id());
        all.addAll(argv);
        return all;
    }

    /** Asks what it knows about a container; it answers in JSON. */
    List<String> state(Bundle bundle) {
        return and("state", bundle.id());
    }

    List<String> delete(Bundle bundle) {
        return and("delete", "--force", bundle.id());
    }

    private List<String> and(String... arguments) {
        List<String> all = new ArrayList<>(command);
        all.addAll(List.of(arguments));
        return all;
    }
}
