package dev.redoubt.policy.profile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.calls.ArgumentTest;
import dev.redoubt.policy.calls.CallArguments;
import dev.redoubt.policy.calls.CallNames;
import dev.redoubt.policy.calls.CallNumbers;
import dev.redoubt.policy.calls.Decision;
import dev.redoubt.policy.calls.Decisions;
import dev.redoubt.policy.calls.Verdict;
import dev.redoubt.protocol.Profile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever people write, and on top of whatever: no profile lets pass what the walls refuse to everybody. */
final class RandomProfilesTest {
    private static final int DOCUMENTS = 150;
    private static final int SAMPLES = 12;

    private final List<String> calls = List.copyOf(CallNames.calls());
    private final List<String> groups = List.copyOf(CallNames.groups().keySet());

    static IntStream seeds() {
        return new Random().ints(3);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void noChildIsWiderThanTheWalls(int seed) {
        Random random = new Random(seed);
        int accepted = 0;
        int wider = 0;
        for (int i = 0; i < DOCUMENTS; i++) {
            Map<String, String> files = Map.of(
                    "child.yaml", "extends: parent.yaml\n" + document(random),
                    "parent.yaml",
                            "extends: " + BuiltIns.NAMES.get(random.nextInt(BuiltIns.NAMES.size())) + "\n"
                                    + document(random));
            Optional<Profile> profile = read(files);
            if (profile.isEmpty()) {
                continue;
            }
            accepted++;
            wider += isWiderThanDefault(profile.get(), random) ? 1 : 0;
            staysWithinTheWalls(profile.get(), random, files);
            assertThat(ProfileReader.alone().read("text", ProfileText.of(profile.get())))
                    .as("seed %d, %s", seed, files)
                    .isEqualTo(profile.get());
        }
        assertThat(accepted).as("seed %d: documents that are profiles", seed).isGreaterThan(DOCUMENTS / 10);
        assertThat(wider)
                .as("seed %d: profiles that allow more than default, so that it means something", seed)
                .isPositive();
    }

    private static Optional<Profile> read(Map<String, String> files) {
        try {
            return Optional.of(ProfileReader.withFiles(name -> Optional.ofNullable(files.get(name)))
                    .read("child.yaml", Objects.requireNonNull(files.get("child.yaml"))));
        } catch (ProfileException refused) {
            return Optional.empty();
        }
    }

    private static void staysWithinTheWalls(Profile profile, Random random, Map<String, String> files) {
        SortedMap<Integer, Decision> walls = Decisions.ofWalls();
        Decisions.of(profile.calls()).forEach((number, decision) -> {
            for (long[] arguments : samples(decision, of(walls, number), random)) {
                if (decision.decide(arguments) == Verdict.Plain.ALLOW) {
                    assertThat(of(walls, number).decide(arguments))
                            .as("%s %s of %s", CallNumbers.nameOf(number), List.of(arguments), files)
                            .isEqualTo(Verdict.Plain.ALLOW);
                }
            }
        });
        SortedMap<Integer, Decision> decisions = Decisions.of(profile.calls());
        for (String call : CallNames.ofGuest()) {
            Decision decision = of(decisions, CallNumbers.of(call));
            assertThat(decision.otherwise() == Verdict.Plain.ALLOW
                            || !decision.clauses().isEmpty())
                    .as("process 1 has %s", call)
                    .isTrue();
        }
    }

    private static Decision of(SortedMap<Integer, Decision> decisions, int number) {
        return Objects.requireNonNull(decisions.get(number));
    }

    private static boolean isWiderThanDefault(Profile profile, Random random) {
        SortedMap<Integer, Decision> standard = Decisions.of(Profile.DEFAULT.calls());
        return Decisions.of(profile.calls()).entrySet().stream() // all of them: a sample rarely has one
                .anyMatch(entry -> samples(entry.getValue(), of(standard, entry.getKey()), random).stream()
                        .anyMatch(arguments -> entry.getValue().decide(arguments) == Verdict.Plain.ALLOW
                                && of(standard, entry.getKey()).decide(arguments) != Verdict.Plain.ALLOW));
    }

    /** Arguments made of the values that either decision looks for, and noise above. */
    private static List<long[]> samples(Decision one, Decision other, Random random) {
        List<Integer> interesting = new ArrayList<>(List.of(0, 1, -1));
        for (Decision decision : List.of(one, other)) {
            decision.clauses()
                    .forEach(clause -> clause.tests().forEach(test -> {
                        switch (test) {
                            case ArgumentTest.OneOf(var argument, var values) -> interesting.addAll(values);
                            case ArgumentTest.AnyBit(var argument) -> interesting.add(argument.mask());
                            case ArgumentTest.Null ignored -> {} // 0 is interesting anyway
                        }
                    }));
        }
        return IntStream.range(0, interesting.size() == 3 ? 1 : SAMPLES)
                .mapToObj(ignored -> IntStream.range(0, 6)
                        .mapToLong(index -> (random.nextBoolean() ? 0 : (long) random.nextInt() << 32)
                                | Integer.toUnsignedLong(interesting.get(random.nextInt(interesting.size()))))
                        .toArray())
                .toList();
    }

    // --- documents ---

    private String document(Random random) {
        StringBuilder text = new StringBuilder("syscalls:\n");
        for (String verb : List.of("allow", "deny", "broker")) {
            int entries = random.nextInt(3);
            if (entries > 0) {
                text.append("  ").append(verb).append(":\n");
            }
            for (int i = 0; i < entries; i++) {
                text.append("    - ").append(entry(verb, random)).append('\n');
            }
        }
        return text.toString();
    }

    private String entry(String verb, Random random) {
        if (random.nextInt(3) == 0) {
            return '"' + groups.get(random.nextInt(groups.size())) + '"';
        }
        String call = random.nextBoolean() ? calls.get(random.nextInt(calls.size())) : conditional(random);
        List<CallArguments.Named> arguments = CallArguments.of(call);
        if (arguments.isEmpty() || random.nextInt(4) == 0) {
            return call;
        }
        String error = verb.equals("allow") || random.nextBoolean() ? "" : ", error: EACCES";
        return "{call: " + call + ", when: " + condition(arguments, random) + error + "}";
    }

    private String conditional(Random random) {
        List<String> conditional =
                calls.stream().filter(call -> !CallArguments.of(call).isEmpty()).toList();
        return conditional.get(random.nextInt(conditional.size()));
    }

    private static String condition(List<CallArguments.Named> arguments, Random random) {
        CallArguments.Named argument = arguments.get(random.nextInt(arguments.size()));
        List<String> names = argument.constants().isEmpty()
                ? List.of("0", "7")
                : List.copyOf(argument.constants().keySet());
        String name = names.get(random.nextInt(names.size()));
        return switch (random.nextInt(3)) {
            case 0 -> "{" + argument.name() + ": " + name + "}";
            case 1 -> "{" + argument.name() + ": {has: " + name + "}}";
            default -> "[{" + argument.name() + ": [" + name + ", 1]}]";
        };
    }
}
