using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>A question with some answers of which one is right.</summary>
/// <param name="Prompt">What comes before the answer; may be empty.</param>
/// <param name="Choices">The answers as they continue the prompt, spaces included; at least two, none empty.</param>
/// <param name="Answer">Which of them is right, counted from 0.</param>
public sealed record MultipleChoiceItem(string Prompt, IReadOnlyList<string> Choices, int Answer)
{
    /// <summary>Reads items from JSON lines with <c>prompt</c>, <c>choices</c> (texts) and <c>answer</c> (an index counted from 0).</summary>
    /// <param name="path">The file; gzip where the name ends with <c>.gz</c>.</param>
    /// <exception cref="CoppiceException">The file can't be read, or a line is no item.</exception>
    public static IReadOnlyList<MultipleChoiceItem> Read(string path) => JsonLines.Read(path, "question", Parse);

    private static MultipleChoiceItem Parse(JsonElement item)
    {
        var prompt = JsonLines.Text(item, "prompt");
        if (!item.TryGetProperty("choices", out var list) || list.ValueKind != JsonValueKind.Array) throw new FormatException("has no list of texts in 'choices'");
        var choices = list.EnumerateArray().Select(choice => choice.ValueKind == JsonValueKind.String ? choice.GetString() : null).ToList();
        if (choices.Count < 2 || choices.Any(string.IsNullOrEmpty)) throw new FormatException("needs at least two texts in 'choices', none of them empty");
        if (!item.TryGetProperty("answer", out var index) || index.ValueKind != JsonValueKind.Number || !index.TryGetInt32(out var answer) || answer < 0 || answer >= choices.Count)
            throw new FormatException("has no index into 'choices', counted from 0, in 'answer'");
        return new MultipleChoiceItem(prompt, choices!, answer);
    }
}
