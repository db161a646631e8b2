package dev.redoubt.protocol;

/** The users that mean something to us in every sandbox; each is also the number of a group. */
public final class InsideIds {
    /** The guest's own where it may change ids (guest.h). No job may ask for it, and no call inside take it. */
    public static final int GUEST = 65_533;

    /** The image's {@code user}, the default of every job; also the guest's where there is a single user. */
    public static final int JOB = 1000;

    private InsideIds() {}
}
