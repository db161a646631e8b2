package dev.redoubt.node.label;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.protocol.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Names and numbers; what the kernel makes of them is SelinuxTest's, where there is SELinux. */
final class SelinuxNamesTest {
    private static final int RANGES = (0x7000_0000 - 524_288) / IdRange.SIZE;

    private static String policy() throws IOException {
        return Files.readString(Path.of(System.getProperty("redoubt.home"), "native/selinux/redoubt.cil"));
    }

    @Test
    void noTwoSandboxesHaveTheSameLevel() {
        List<String> levels = IntStream.range(0, RANGES)
                .mapToObj(index ->
                        new Selinux.Usable().contextsOf(new IdRange(index)).level())
                .toList();
        assertThat(levels).doesNotHaveDuplicates().allSatisfy(level -> {
            MatchResult pair = Pattern.compile("s0:c(\\d+),c(\\d+)")
                    .matcher(level)
                    .results()
                    .findFirst()
                    .orElseThrow();
            assertThat(Integer.parseInt(pair.group(1))).isLessThan(Integer.parseInt(pair.group(2)));
            assertThat(Integer.parseInt(pair.group(2))).isLessThan(1024);
        });
        assertThat(levels.getFirst()).isEqualTo("s0:c0,c1");
    }

    @Test
    void theModuleHasEveryTypeThatTheNodeNames() throws IOException {
        String module = policy();
        for (String context : List.of(
                Selinux.DOMAIN,
                Selinux.TRACING_DOMAIN,
                Selinux.LAYERS,
                new Selinux.Usable().contextsOf(new IdRange(0)).files(),
                new Selinux.Usable().contextsOf(new IdRange(0)).guest())) {
            assertThat(module).contains("(type " + context.split(":", -1)[2] + ")");
        }
    }

    @Test
    void noCapabilityIsAllowedThatNobodyHas() throws IOException {
        Set<String> held = Capability.ofGuest(Profile.DEFAULT).stream()
                .map(capability -> capability.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.toCollection(TreeSet::new));
        List<String> allowed = Pattern.compile("\\(cap_userns \\(([a-z_ ]+)\\)\\)")
                .matcher(policy())
                .results()
                .flatMap(match -> Pattern.compile(" ").splitAsStream(match.group(1)))
                .toList();
        assertThat(allowed).containsExactlyInAnyOrderElementsOf(held);
        assertThat(policy()).doesNotContain("(capability ").doesNotContain("(capability2 ");
    }

    @Test
    void whoTracesHasADomainOfItsOwn() {
        for (Profile profile : BuiltIns.all()) {
            assertThat(new Selinux.Usable().domainOf(profile))
                    .isEqualTo(profile.name().equals("development") ? Selinux.TRACING_DOMAIN : Selinux.DOMAIN);
        }
    }
}
