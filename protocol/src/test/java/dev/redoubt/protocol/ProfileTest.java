package dev.redoubt.protocol;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.protocol.Profile.Root;
import dev.redoubt.protocol.Profile.Users;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ProfileTest {
    private static Profile profile(String name, Users users, Root root) {
        return new Profile(
                name,
                "",
                Profile.NOTHING.runtimes(),
                Set.of(),
                users,
                root,
                NetworkMode.NONE,
                Profile.NOTHING.devices(),
                Resources.NONE,
                FileRules.OPEN,
                CallRules.NONE,
                Profile.OnDrift.REPORT);
    }

    @Test
    void aRootJobNeedsAGuestThatSwitchesUsers() {
        assertThatThrownBy(() -> profile("odd", Users.SINGLE, Root.PACKAGES))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("switch");
    }

    @Test
    void aNameIsPlain() {
        for (String name : new String[] {"", "A", "a_b", "-a", "a-", "a--b", "1a", "a b"}) {
            assertThatThrownBy(() -> profile(name, Users.SINGLE, Root.NONE))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
