namespace Coppice.Inference;

/// <summary>What a rule comes back to when it ends: a node, and what the rule of that node comes back to. Frames are shared; equal ones are the same object.</summary>
/// <param name="node">The node.</param>
/// <param name="parent">What comes after that.</param>
/// <param name="number">Tells frames apart.</param>
internal sealed class Frame(int node, Frame? parent, long number)
{
    /// <summary>The end of the text.</summary>
    public static Frame End { get; } = new(-1, null, 0);

    /// <summary>Whatever may follow a rule: for what can be said of a place without knowing how it was reached.</summary>
    public static Frame Unknown { get; } = new(-1, null, 1);

    /// <summary>The node.</summary>
    public int Node => node;

    /// <summary>What comes after that; null for the two frames above.</summary>
    public Frame? Parent => parent;

    /// <summary>Tells frames apart.</summary>
    public long Number => number;
}

/// <summary>A node, and what its rule comes back to.</summary>
internal readonly record struct Place(int Node, Frame Frame);

/// <summary>All the places where a text may be in its grammar. Equal ones are the same object, as long as <see cref="GrammarStates"/> remembers them.</summary>
/// <param name="places">Those from which bytes lead on, in a fixed order.</param>
/// <param name="isEnd">Whether the text may end here.</param>
/// <param name="leavesRule">Whether a rule may end here of which it is not known what follows.</param>
/// <param name="classes">How many classes of bytes there are.</param>
internal sealed class GrammarState(Place[] places, bool isEnd, bool leavesRule, int classes)
{
    /// <summary>Those from which bytes lead on, in a fixed order.</summary>
    public Place[] Places => places;

    /// <summary>Whether the text may end here.</summary>
    public bool IsEnd => isEnd;

    /// <summary>Whether a rule may end here of which it is not known what follows.</summary>
    public bool LeavesRule => leavesRule;

    /// <summary>Where a byte leads, by its class; null where that was not asked for yet.</summary>
    public GrammarState?[] Followers { get; } = new GrammarState?[classes];

    /// <summary>The tokens that can follow, where they were asked for.</summary>
    public ulong[]? Mask { get; set; }
}
