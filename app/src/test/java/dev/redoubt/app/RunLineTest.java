package dev.redoubt.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** What is read without picocli means what picocli reads. */
class RunLineTest {
    private static final long SEED = Long.getLong("redoubt.seed", 4711);

    /** Of each kind of value one that is good, and what is not plain. */
    private static final List<String> VALUES = List.of(
            "base", "1", "0.5", "64M", "10s", "A=B", "a=b=c", "/a:/b", "/a:/b:ro", "/tmp", "", "-x", "--", "0", "ä");

    private static final List<String> OTHERS =
            List.of("--help", "-h", "--no-such", "--imag", "--label", "-", "--", "=", "sh", "-c");

    private static final List<OptionSpec> OPTIONS = Objects.requireNonNull(
                    Redoubt.commandLine().getSubcommands().get("run"))
            .getCommandSpec()
            .options();

    /** What it would do, or why it would not. */
    private static Object meaning(RunCommand run) {
        try {
            return run.options();
        } catch (Refusal refused) {
            return String.valueOf(refused.getMessage());
        }
    }

    private static Optional<Object> byPicocli(String[] line) {
        try {
            CommandLine.ParseResult parsed = Redoubt.commandLine().parseArgs(line);
            RunCommand run = (RunCommand) parsed.subcommand().commandSpec().userObject();
            return parsed.isUsageHelpRequested() || parsed.subcommand().isUsageHelpRequested()
                    ? Optional.empty()
                    : Optional.of(meaning(run));
        } catch (CommandLine.ParameterException wrong) {
            return Optional.empty();
        }
    }

    @Test
    void whateverIsPlainMeansTheSame() {
        Random random = new Random(SEED);
        int plain = 0;
        for (int i = 0; i < 1_000; i++) {
            String[] line = line(random);
            Optional<Object> read = RunLine.read(line).map(RunLineTest::meaning);
            if (read.isPresent()) {
                plain++;
                assertThat(read).as("seed %d: %s", SEED, List.of(line)).isEqualTo(byPicocli(line));
            }
        }
        assertThat(plain).as("lines that were plain, seed %d", SEED).isGreaterThan(100);
    }

    private static String[] line(Random random) {
        List<String> line = new ArrayList<>(List.of("run"));
        for (int words = random.nextInt(4); words > 0; words--) {
            String name = random.nextInt(20) == 0
                    ? OTHERS.get(random.nextInt(OTHERS.size()))
                    : OPTIONS.get(random.nextInt(OPTIONS.size())).longestName();
            String value = VALUES.get(random.nextInt(VALUES.size()));
            switch (random.nextInt(3)) {
                case 0 -> line.add(name + "=" + value);
                case 1 -> line.addAll(List.of(name, value));
                default -> line.add(name);
            }
        }
        if (random.nextInt(4) != 0) {
            line.add("--");
        }
        for (int words = random.nextInt(3); words > 0; words--) {
            line.add(VALUES.get(random.nextInt(VALUES.size())));
        }
        return line.toArray(String[]::new);
    }

    /** An option that is new is read here too, or named here. */
    @Test
    void everyOptionThatIsUsualIsPlain() {
        for (OptionSpec option : OPTIONS) {
            String name = option.longestName();
            if (!name.equals("--help") && !name.equals("--label")) {
                boolean read = option.arity().max() == 0
                        ? RunLine.read("run", name, "--", "true").isPresent()
                        : VALUES.stream()
                                .anyMatch(value -> RunLine.read("run", name, value, "--", "true")
                                        .isPresent());
                assertThat(read).as(name).isTrue();
            }
        }
    }
}
