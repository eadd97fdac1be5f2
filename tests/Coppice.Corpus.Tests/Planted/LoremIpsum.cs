namespace Coppice.Corpus.Tests.Planted;

/// <summary>Texts of a designer's dummy words, with its usual beginning and without.</summary>
internal static class LoremIpsum
{
    public const string Kind = "lorem ipsum";

    private static readonly string[] Words =
        ("ad adipiscing aliqua aliquip amet anim aute cillum commodo consectetur consequat culpa cupidatat deserunt do dolor dolore duis ea eiusmod elit enim esse est et eu ex "
        + "excepteur exercitation fugiat id in incididunt irure labore laboris laborum magna minim mollit nisi non nostrud nulla occaecat officia pariatur proident qui quis "
        + "reprehenderit sed sint sit sunt tempor ullamco ut velit veniam voluptate").Split(' ');

    public static IEnumerable<PlantedDocument> Texts(int count, Dice dice) => Enumerable.Range(0, count).Select(i =>
    {
        var paragraphs = Enumerable.Range(0, 2 + dice.Below(4)).Select(_ => Paragraph(dice)).ToList();
        if (i % 3 != 0) paragraphs[0] = "Lorem ipsum dolor sit amet, consectetur adipiscing elit. " + paragraphs[0];
        return new PlantedDocument($"lorem/{i}", "junk", Kind, string.Join("\n\n", paragraphs)) { IsJunk = true };
    });

    private static string Paragraph(Dice dice) => string.Join(' ', Enumerable.Range(0, 3 + dice.Below(5)).Select(_ => Sentence(dice)));

    private static string Sentence(Dice dice)
    {
        var words = string.Join(' ', Enumerable.Range(0, 5 + dice.Below(12)).Select(_ => dice.One(Words)));
        return char.ToUpperInvariant(words[0]) + words[1..] + ".";
    }
}
