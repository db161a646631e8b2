package dev.redoubt.node.escape;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The program {@code redoubt-escape}: its probes, and how a run inside or a control run is had of it. */
public final class Battery {
    /** An attack may end the sandbox; more of them than this is not worth waiting for. */
    private static final int MOST_ENDS = 16;

    private final Path program;
    private final List<Probe> probes;

    private Battery(Path program, List<Probe> probes) {
        this.program = program;
        this.probes = probes;
    }

    /** @throws IOException when the program does not list its probes */
    public static Battery of(Path program) throws IOException, InterruptedException {
        Ended listed = onHost(program, List.of("list"));
        return new Battery(program, BatteryText.probes(text(listed)));
    }

    public List<Probe> probes() {
        return probes;
    }

    /** Places decoys for runs of this battery. */
    public Decoys decoys() throws IOException {
        return Decoys.place(program);
    }

    /** Every attack as root of the host, each where its wall is absent and nothing of the host is changed. */
    public Map<String, Outcome> controls(Decoys decoys) throws IOException, InterruptedException {
        Ended ended = onHost(program, List.of("run", "--control", "--outside", decoys.facts()));
        Map<String, Outcome> outcomes = outcomes(ended);
        if (ended.exitCode() != 0 || outcomes.size() != probes.size()) {
            throw new IOException("the control run ended with " + ended.exitCode() + " after " + outcomes.size()
                    + " of " + probes.size() + " probes");
        }
        return outcomes;
    }

    /**
     * Every attack inside. When the sandbox ends before the battery does, the attack under way was answered by that
     * end, and the next one goes on in what {@code confined} then runs.
     */
    public Map<String, Outcome> inside(Confined confined, As as, Decoys decoys, Bounds bounds)
            throws IOException, InterruptedException {
        Map<String, Outcome> outcomes = new LinkedHashMap<>();
        for (int ends = 0; ends <= MOST_ENDS; ends++) {
            Ended ended = confined.run(as, arguments(outcomes, decoys.facts() + " " + bounds.facts()));
            outcomes.putAll(outcomes(ended));
            if (outcomes.size() == probes.size()) {
                return outcomes;
            }
            if (ended.exitCode() < 128) {
                throw new IOException("the battery ended with " + ended.exitCode() + " after " + outcomes.size());
            }
            outcomes.put(probes.get(outcomes.size()).name(), endOfSandbox(ended));
        }
        throw new IOException("the sandbox ended " + (MOST_ENDS + 1) + " times");
    }

    private static Outcome endOfSandbox(Ended ended) {
        SystemCall none = new SystemCall("", -1, List.of(0L, 0L, 0L, 0L, 0L, 0L));
        String signal = ended.exitCode() == 128 + 9 ? "SIGKILL" : "signal " + (ended.exitCode() - 128);
        return new Outcome.Blocked(signal, none, "the sandbox was ended");
    }

    private List<String> arguments(Map<String, Outcome> done, String facts) {
        List<String> arguments = new ArrayList<>(List.of("run", "--outside", facts));
        if (!done.isEmpty()) {
            arguments.add("--after");
            arguments.add(probes.get(done.size() - 1).name());
        }
        return arguments;
    }

    private static Map<String, Outcome> outcomes(Ended ended) {
        Map<String, Outcome> outcomes = new LinkedHashMap<>();
        BatteryText.run(text(ended)).forEach(line -> outcomes.put(line.name(), line.outcome()));
        return outcomes;
    }

    private static String text(Ended ended) {
        return new String(ended.output(), StandardCharsets.US_ASCII);
    }

    private static Ended onHost(Path program, List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process.getOutputStream().close();
        try (InputStream output = process.getInputStream()) {
            byte[] bytes = output.readAllBytes();
            return new Ended(bytes, process.waitFor());
        }
    }
}
