namespace Coppice.Adapters;

/// <summary>What metrics ask of guesses and right answers: as many of one as of the other, and at least one.</summary>
internal static class Pairs
{
    /// <summary>Refuses lists that are no pairs.</summary>
    public static void Check(int guessed, int right)
    {
        if (guessed != right || right == 0) throw new ArgumentException(FormattableString.Invariant($"{guessed} guesses and {right} right answers are no pairs."));
    }
}
