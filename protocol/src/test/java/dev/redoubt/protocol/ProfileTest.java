package dev.redoubt.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.protocol.Profile.Calls;
import dev.redoubt.protocol.Profile.Root;
import dev.redoubt.protocol.Profile.Users;
import org.junit.jupiter.api.Test;

final class ProfileTest {
    @Test
    void findsBuiltInsByName() {
        assertThat(Profile.BUILT_IN).doesNotHaveDuplicates();
        for (Profile profile : Profile.BUILT_IN) {
            assertThat(Profile.builtIn(profile.name())).contains(profile);
        }
        assertThat(Profile.builtIn("Default")).isEmpty();
    }

    @Test
    void onlyTheDebuggersProfileDebugs() {
        assertThat(Profile.BUILT_IN.stream().filter(profile -> profile.calls() == Calls.DEBUGGING))
                .containsExactly(Profile.DEVELOPMENT);
        assertThat(Profile.HOSTILE_TENANT.calls()).isEqualTo(Calls.NARROW);
    }

    @Test
    void aRootJobNeedsAGuestThatSwitchesUsers() {
        assertThatThrownBy(() -> new Profile("odd", Users.SINGLE, Root.PACKAGES, Calls.STANDARD))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("switch");
    }

    @Test
    void aNameIsPlain() {
        for (String name : new String[] {"", "A", "a_b", "-a", "a-", "a--b", "1a", "a b"}) {
            assertThatThrownBy(() -> new Profile(name, Users.SINGLE, Root.NONE, Calls.NARROW))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void eachLevelIncludesTheNarrower() {
        assertThat(Calls.DEBUGGING.includes(Calls.NARROW)).isTrue();
        assertThat(Calls.STANDARD.includes(Calls.STANDARD)).isTrue();
        assertThat(Calls.NARROW.includes(Calls.STANDARD)).isFalse();
    }
}
