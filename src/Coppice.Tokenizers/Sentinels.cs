using System.Globalization;

namespace Coppice.Tokenizers;

/// <summary>
/// The tokens that stand for hidden spans of a text, <c>&lt;extra_id_0&gt;</c> and so on: special tokens by T5's names, so that no text spells them.
/// </summary>
public static class Sentinels
{
    /// <summary>How many T5's vocabulary has.</summary>
    public const int Usual = 100;

    /// <summary>The name of a sentinel.</summary>
    /// <param name="number">From 0 on, in the order in which they stand in a text.</param>
    public static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"<extra_id_{number}>");

    /// <summary>The sentinels of a tokenizer in their order, up to the first that it lacks.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <returns>Their ids; empty where there is none.</returns>
    public static IReadOnlyList<int> Of(Tokenizer tokenizer)
    {
        var ids = new List<int>();
        while (tokenizer.SpecialTokens.TryGetValue(Name(ids.Count), out var id)) ids.Add(id);
        return ids;
    }
}
