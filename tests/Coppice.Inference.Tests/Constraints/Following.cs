using System.Text;

namespace Coppice.Inference.Tests;

/// <summary>A text followed through a constraint, byte by byte.</summary>
internal static class Following
{
    /// <summary>Where a text is; null where it can't be.</summary>
    public static GrammarState? After(TextConstraint constraint, string text) => After(States(constraint), Encoding.UTF8.GetBytes(text));

    public static GrammarStates States(TextConstraint constraint) => new(AutomatonBuilder.Build(constraint.Read()));

    public static GrammarState? After(GrammarStates states, ReadOnlySpan<byte> bytes)
    {
        var state = states.Start;
        foreach (var value in bytes)
        {
            if (states.After(state, value) is not { } next) return null;
            state = next;
        }

        return state;
    }

    public static bool Accepts(TextConstraint constraint, string text) => After(constraint, text) is { IsEnd: true };

    public static void AssertAccepts(TextConstraint constraint, IEnumerable<string> accepted, IEnumerable<string> rejected)
    {
        Assert.All(accepted, text => Assert.True(Accepts(constraint, text), $"{text} is not accepted"));
        Assert.All(rejected, text => Assert.False(Accepts(constraint, text), $"{text} is accepted"));
    }
}
