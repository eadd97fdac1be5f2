namespace Coppice.Corpus.Tests.Planted;

/// <summary>Puts sentences into texts.</summary>
internal static class Insertion
{
    /// <summary>Puts a sentence behind a line; it stays there, whatever it holds.</summary>
    public static PlantedDocument AfterALine(PlantedDocument document, string sentence, Dice dice)
    {
        var text = AfterALine(document.Text, sentence, dice);
        return document with { Text = text, Expected = text };
    }

    /// <summary>Puts a sentence behind a line of a text.</summary>
    public static string AfterALine(string text, string sentence, Dice dice)
    {
        var lines = text.Split('\n');
        var line = dice.One([.. Enumerable.Range(0, lines.Length).Where(i => lines[i].Length > 0)]);
        lines[line] = $"{lines[line]} {sentence}";
        return string.Join('\n', lines);
    }
}
