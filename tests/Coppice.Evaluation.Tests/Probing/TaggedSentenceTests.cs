using System.IO.Compression;
using System.Text;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Evaluation.Tests.Probing;

public class TaggedSentenceTests
{
    [Fact]
    public void Words_begin_where_the_text_has_them()
    {
        var sentences = Read(
            "# sent_id = 1", Word("1", "I", "PRON"), Word("2-3", "don't", "_"), Word("2", "do", "AUX"), Word("3", "n't", "PART"), Word("4", "see", "VERB"), Word("4.1", "hidden", "NOUN"),
            Word("5", "\U0001F600", "SYM"), Word("6", "it", "PRON", "Entity=x|SpaceAfter=No"), Word("7", ".", "PUNCT"), "",
            Word("1-2", "au", "_"), Word("1", "à", "ADP"), Word("2", "le", "DET"), Word("3", "lit", "NOUN"), Word("4", "x", "_"));
        Assert.Equal(["I don't see \U0001F600 it.", "au lit x"], sentences.Select(sentence => sentence.Text));
        Assert.Equal(
            [new("I", 0, "PRON"), new("do", 2, "AUX"), new("n't", 4, "PART"), new("see", 8, "VERB"), new("\U0001F600", 12, "SYM"), new("it", 14, "PRON"), new(".", 16, "PUNCT")],
            sentences[0].Words);
        // Written otherwise than its words: they begin with it.
        Assert.Equal([new("à", 0, "ADP"), new("le", 0, "DET"), new("lit", 3, "NOUN")], sentences[1].Words);
    }

    [Fact]
    public void A_byte_order_mark_and_lines_of_blanks_do_no_harm()
    {
        var sentences = Read("\uFEFF# text = I", Word("1", "I", "PRON") + "\r", " \r", Word("1", "it", "PRON"));
        Assert.Equal(["I", "it"], sentences.Select(sentence => sentence.Text));
    }

    [Theory]
    [InlineData("1\tI\tI\tPRON", "line 1: has 4 columns, and a word has 10")]
    [InlineData("x\tI\t_\tPRON\t_\t_\t_\t_\t_\t_", "line 1: 'x' is no number of a word")]
    [InlineData("1-2-3\tI\t_\tPRON\t_\t_\t_\t_\t_\t_", "line 1: '1-2-3' is no number of a word")]
    [InlineData("1\t\t_\tPRON\t_\t_\t_\t_\t_\t_", "line 1: the word is empty")]
    [InlineData("# nothing\n\n", "holds no sentence with labelled words")]
    [InlineData("", "holds no sentence with labelled words")]
    public void What_is_no_such_file_is_said_with_its_line(string text, string message)
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<CoppiceException>(() => TaggedSentence.ReadConllu(folder.Write("x.conllu", text)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_text_and_files_that_are_not_there_are_errors()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.At("x.conllu"), [.. Encoding.UTF8.GetBytes("1\tI\t_\t"), 0xFF, (byte)'\n']);
        Assert.Contains("line 1: is not valid UTF-8", Assert.Throws<CoppiceException>(() => TaggedSentence.ReadConllu(folder.At("x.conllu"))).Message, StringComparison.Ordinal);
        Assert.Contains("can't be read", Assert.Throws<CoppiceException>(() => TaggedSentence.ReadConllu(folder.At("y.conllu"))).Message, StringComparison.Ordinal);
    }

    [SharedDataFact("data/eval/ud-ewt-dev.conllu.gz")]
    public void Every_word_of_a_treebank_stands_in_its_text()
    {
        var path = SharedData.At("data/eval/ud-ewt-dev.conllu.gz");
        var sentences = TaggedSentence.ReadConllu(path);
        Assert.Equal(2001, sentences.Count);
        foreach (var sentence in sentences)
        {
            var runes = sentence.Text.EnumerateRunes().ToList();
            Assert.All(sentence.Words, word => Assert.Equal(word.Form.EnumerateRunes().First(), runes[word.Start]));
        }

        using var lines = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        Assert.Equal(lines.ReadToEnd().Split('\n').Where(line => line.StartsWith("# text = ", StringComparison.Ordinal)).Select(line => line["# text = ".Length..]), sentences.Select(sentence => sentence.Text));
    }

    private static IReadOnlyList<TaggedSentence> Read(params string[] lines)
    {
        using var folder = new TemporaryFolder();
        return TaggedSentence.ReadConllu(folder.Write("x.conllu", string.Join('\n', lines) + "\n"));
    }

    private static string Word(string id, string form, string tag, string misc = "_") => $"{id}\t{form}\t_\t{tag}\t_\t_\t0\t_\t_\t{misc}";
}
