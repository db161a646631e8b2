package dev.redoubt.node.label;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.walls.Capability;
import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.policy.profile.Meaning;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.protocol.Profile;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the profiles say; what the kernel makes of them is AppArmorTest's, where there is AppArmor. */
final class AppArmorProfileTest {
    private static List<String> rules(AppArmorProfile profile) {
        List<String> lines = profile.text().lines().map(String::strip).toList();
        assertThat(lines.getFirst())
                .isEqualTo("profile " + profile.label() + " flags=(attach_disconnected,mediate_deleted) {");
        assertThat(lines.getLast()).isEqualTo("}");
        return lines.subList(1, lines.size() - 1);
    }

    @Test
    void theNameIsThatOfTheRules() {
        assertThat(AppArmorProfile.USUAL.label()).matches("redoubt-[0-9a-f]{12}");
        assertThat(AppArmorProfile.TRACING.label())
                .matches("redoubt-[0-9a-f]{12}")
                .isNotEqualTo(AppArmorProfile.USUAL.label());
    }

    @Test
    void noCapabilityIsAllowedThatNobodyHas() {
        Set<String> held = Capability.ofGuest(Profile.DEFAULT).stream()
                .map(capability -> capability.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.toCollection(TreeSet::new));
        held.add("fsetid"); // of who unpacks
        for (AppArmorProfile profile : AppArmorProfile.values()) {
            assertThat(rules(profile).stream().filter(rule -> rule.startsWith("capability")))
                    .containsExactlyInAnyOrderElementsOf(held.stream()
                            .map(name -> "capability " + name + ",")
                            .toList());
        }
    }

    @Test
    void theUsualOneTracesNobodyAndNoneMounts() {
        assertThat(rules(AppArmorProfile.USUAL)).noneMatch(rule -> rule.contains("trace,") || rule.contains("traced"));
        assertThat(rules(AppArmorProfile.TRACING))
                .containsAll(rules(AppArmorProfile.USUAL))
                .hasSize(rules(AppArmorProfile.USUAL).size() + 1)
                .contains("ptrace (trace, tracedby) peer=@{profile_name},");
        assertThat(rules(AppArmorProfile.TRACING))
                .noneMatch(rule -> rule.matches(".*(mount|pivot|change_profile|userns|packet).*"));
    }

    @Test
    void whoeverIsWarnedThatPtraceIsAllowedMayTrace() {
        assertThat(BuiltIns.all())
                .hasSizeGreaterThan(5)
                .allSatisfy(profile -> assertThat(AppArmorProfile.of(profile) == AppArmorProfile.TRACING)
                        .as(profile.name())
                        .isEqualTo(!Meaning.warnings(profile).isEmpty()));
        Profile one = ProfileReader.alone().read("p.yaml", "extends: default\nsyscalls: {allow: [process_vm_readv]}\n");
        assertThat(AppArmorProfile.of(one)).isEqualTo(AppArmorProfile.TRACING);
        assertThat(AppArmorProfile.of(Profile.NOTHING)).isEqualTo(AppArmorProfile.USUAL);
    }
}
