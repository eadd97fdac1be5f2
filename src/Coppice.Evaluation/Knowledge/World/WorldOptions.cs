using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>How a <see cref="SyntheticWorld"/> is told.</summary>
public sealed record WorldOptions
{
    /// <summary>How many people it has at first.</summary>
    public int People { get; init; } = 1000;

    /// <summary>Decides everything that is random.</summary>
    public ulong Seed { get; init; }

    /// <summary>multiM: how many biographies of a person there are, each in other words.</summary>
    public int Versions { get; init; } = 1;

    /// <summary>permute: whether the sentences of a biography come in random order, another one in each version.</summary>
    public bool Permute { get; init; }

    /// <summary>fullname: whether each sentence has the name, and not only the first.</summary>
    public bool FullName { get; init; }

    /// <summary>
    /// The share of people ("celebrities") of whom the three above are true; the others have a single biography in the fixed order, with pronouns. Where it
    /// is below 1, celebrities are not asked about: what they do for the others is what is measured.
    /// </summary>
    public double AugmentedShare { get; init; } = 1;

    /// <summary>
    /// The share of people of whom each fact is also told in the wordings that are held out of biographies, so that a model can learn what these mean. They
    /// are not asked about. It is what questions about half of the people are in the paper.
    /// </summary>
    public double TaughtShare { get; init; } = 0.5;

    /// <summary>The share of people who change their employer, and so the city they work in, when the world is updated.</summary>
    public double MovedShare { get; init; }

    /// <summary>How many people come into the world when it is updated.</summary>
    public int Newcomers { get; init; }

    /// <summary>Whether the world has an update.</summary>
    public bool HasUpdate => MovedShare > 0 || Newcomers > 0;

    internal void Check()
    {
        Require(People >= 1, "people", $"at least 1, not {People}");
        Require(Newcomers >= 0, "newcomers", $"at least 0, not {Newcomers}");
        Require((long)People + Newcomers <= WorldValues.Names, "people and newcomers together", $"at most {WorldValues.Names}: there are no more names");
        Require(Versions is >= 1 and <= Wordings.Training, "versions", $"from 1 to {Wordings.Training}, not {Versions}: each is in other words");
        foreach (var (name, share) in new[] { ("share of augmented people", AugmentedShare), ("share of taught people", TaughtShare), ("share of moved people", MovedShare) })
            Require(share is >= 0 and <= 1, name, FormattableString.Invariant($"from 0 to 1, not {share}"));
    }

    private static void Require(bool condition, string name, string expected)
    {
        if (!condition) throw CoppiceException.Usage($"a synthetic world: {name} must be {expected}");
    }
}
