package dev.redoubt.policy.profile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.calls.CallNames;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.RuntimeClass;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class BuiltInsTest {
    static Iterable<String> names() {
        return BuiltIns.NAMES;
    }

    /** It stands in Java too, because reading it at every start would cost more than a sandbox. */
    @Test
    void theDefaultOfTheCodeIsTheDefaultOfTheText() {
        assertThat(ProfileReader.alone().read("default", BuiltIns.text("default")))
                .isEqualTo(Profile.DEFAULT);
        assertThat(BuiltIns.find("default")).containsSame(Profile.DEFAULT);
    }

    @ParameterizedTest
    @MethodSource("names")
    void readsAndIsReadBack(String name) {
        Profile profile = BuiltIns.find(name).orElseThrow();
        assertThat(profile.name()).isEqualTo(name);
        assertThat(profile.description()).isNotBlank();
        assertThat(ProfileReader.alone().read("text", ProfileText.of(profile))).isEqualTo(profile);
        assertThat(BuiltIns.find(name)).containsSame(profile);
    }

    @Test
    void theDefaultHasEveryGroupThatCanBeHadButTheDebuggers() {
        assertThat(Profile.DEFAULT.calls().groups())
                .containsExactlyInAnyOrderElementsOf(CallNames.groups().values().stream()
                        .filter(CallNames.GroupNames::isAllowable)
                        .map(CallNames.GroupNames::name)
                        .filter(group -> !group.equals("@debug"))
                        .toList());
    }

    @Test
    void onlyTheDebuggersProfileDebugsAndSaysSo() {
        assertThat(BuiltIns.all().stream()
                        .filter(profile -> profile.calls().groups().contains("@debug")))
                .singleElement()
                .satisfies(profile -> assertThat(profile.description()).contains("ptrace is ALLOWED"));
    }

    @Test
    void aHostileTenantNeedsAKernelOfItsOwn() {
        assertThat(BuiltIns.find("hostile-tenant").orElseThrow().runtimes())
                .containsExactly(RuntimeClass.GVISOR, RuntimeClass.MICROVM)
                .noneMatch(RuntimeClass::sharesKernel);
    }

    @Test
    void thereIsNoOther() {
        assertThat(BuiltIns.find("Default")).isEmpty();
        assertThat(BuiltIns.find("../profile/default")).isEmpty();
    }
}
