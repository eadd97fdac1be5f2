using System.Text;
using Coppice.Corpus.Unicode;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Steps.Unicode;

public sealed class UnicodeRepairTests
{
    private static string Repaired(string text, UnicodeRepairOptions? options = null) => Filtering.Run(new UnicodeRepair(options), text).Document!.Text;

    /// <summary>The text as it looks when its UTF-8 was read as windows-1252.</summary>
    private static string Garble(string text)
    {
        const string Windows1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ";
        return string.Concat(Encoding.UTF8.GetBytes(text).Select(unit => unit is >= 0x80 and < 0xA0 ? Windows1252[unit - 0x80] : (char)unit));
    }

    [Theory]
    [InlineData("Le café est fermé – c’est l’été.")]
    [InlineData("Über Größe und Maß: „schön“, KÖLN, Ärger.")]
    [InlineData("El niño comió piñas; ¿qué más?")]
    [InlineData("It’s “quoted” — and it costs €5 … or £4, at 20 °C.")]
    [InlineData("Привет, мир")]
    [InlineData("日本語のテキスト")]
    [InlineData("👍 well done 🎉")]
    [InlineData("un cœur, Œuvre")]
    [InlineData("→ ✓ ≤ ™")]
    public void Text_in_the_wrong_encoding_is_restored_also_where_that_happened_twice(string text)
    {
        Assert.NotEqual(text, Garble(text));
        Assert.Equal(text, Mojibake.Repair(Garble(text)).Text);
        Assert.Equal(text, Mojibake.Repair(Garble(Garble(text))).Text);
    }

    [Theory]
    [InlineData("Le café est fermé – c’est l’été.")]
    [InlineData("« l’été\u00A0», « à\u00A0», l’été”…, parlé… »")]
    [InlineData("„Spaß“, „Spaß”, GRÖßE, CAFÉ”, MANHÃ”, MANHÃ – IRMÃ… À • É”")]
    [InlineData("Co vidíš” a máš… říkáš»")]
    [InlineData("São Paulo, NÃO, AMANHÃ, Ângela, âme, ÂGE")]
    [InlineData("2×”, 3×– Ø”, ©®™")]
    [InlineData("Đà Nẵng, Ấn Độ, Tiếng Việt")]
    public void Text_in_the_right_encoding_stays(string text) => Assert.Equal(text, Mojibake.Repair(text).Text);

    [Fact]
    public void Line_ends_become_line_feeds() => Assert.Equal("a\nb\nc\nd\ne\nf", Repaired("a\r\nb\rc\u0085d\u2028e\u2029f"));

    [Fact]
    public void Controls_and_non_characters_go_and_lone_surrogates_are_replaced()
    {
        Assert.Equal("ab\tc\ndefg", Repaired("a\0b\tc\n\u0007d\u007Fe\uFFFEf\uFDD0g"));
        Assert.Equal("😀" + new string('x', 400) + "\uFFFD", Repaired("😀" + new string('x', 400) + "\uD800"));
    }

    [Fact]
    public void Invisible_characters_go_and_joiners_that_spell_stay()
    {
        Assert.Equal("hyphenation abc", Repaired("\uFEFFhy\u00ADphen\u200Bation \u202Eabc\u202C\u200E"));
        Assert.Equal("ab", Repaired("a\u200Db"));
        Assert.Equal("می\u200Cخواهم 👨\u200D👩\u200D👧 क्\u200Dष", Repaired("می\u200Cخواهم 👨\u200D👩\u200D👧 क्\u200Dष"));
    }

    [Fact]
    public void Odd_spaces_become_plain_ones() => Assert.Equal("a b c d e", Repaired("a\u00A0b\u2009c\u3000d\u202Fe"));

    [Fact]
    public void Text_is_brought_to_normal_form_c() => Assert.Equal("é", Repaired("e\u0301"));

    [Fact]
    public void Each_repair_can_be_switched_off()
    {
        const string Text = "e\u0301\u00A0\u200B\r\u0007Ã©";
        var off = new UnicodeRepairOptions { Mojibake = false, Normalize = false, Controls = false, Invisible = false, LineEnds = false, Spaces = false };
        Assert.Equal(Text, Repaired(Text, off));
        Assert.Equal("é\u00A0\u200B\r\u0007Ã©", Repaired(Text, off with { Normalize = true }));
        Assert.Equal("e\u0301 \u200B\r\u0007Ã©", Repaired(Text, off with { Spaces = true }));
        Assert.Equal("e\u0301\u00A0\r\u0007Ã©", Repaired(Text, off with { Invisible = true }));
        Assert.Equal("e\u0301\u00A0\u200B\n\u0007Ã©", Repaired(Text, off with { LineEnds = true }));
        Assert.Equal("e\u0301\u00A0\u200B\rÃ©", Repaired(Text, off with { Controls = true }));
        Assert.Equal("e\u0301\u00A0\u200B\r\u0007é", Repaired(Text, off with { Mojibake = true }));
    }

    [Fact]
    public void A_document_of_which_over_1_in_100_characters_is_lost_is_dropped()
    {
        var step = new UnicodeRepair();
        Filtering.Keeps(step, new string('x', 99) + "\uFFFD");
        Filtering.Drops(step, new string('x', 98) + "\uFFFD", "too many replacement characters");
    }

    [Fact]
    public void What_was_repaired_is_counted()
    {
        var result = Filtering.Run(new UnicodeRepair(), "a\r\nb\u00A0c\u200B\u200Bd Ã©Ã¨ e\u0301");
        Assert.Equal(
            [new("characters in the wrong encoding", 2), new("line ends", 1), new("invisible characters", 2), new("odd spaces", 1), new("documents brought to normal form C", 1)],
            result.Changes);
    }

    [Fact]
    public void A_document_without_faults_is_the_same_object()
    {
        var step = new UnicodeRepair().Begin();
        foreach (var text in new[] { "Plain text.\n", "Café – “ok” 日本語 😀" })
        {
            var document = new Document("1", text, "test");
            Assert.Same(document, step(document).Document);
        }
    }

    [SharedDataTheory("data/text")]
    [InlineData("dc-law.jsonl.gz")]
    [InlineData("german-law.jsonl.gz")]
    public void No_sequence_is_repaired_in_texts_that_have_no_fault(string file)
    {
        var documents = new CorpusPipeline([new CorpusInput(SharedData.At($"data/text/{file}"))], []).Run(new CorpusReport());
        var repaired = documents.Select(document => (Before: document.Text, After: Mojibake.Repair(document.Text))).Where(pair => pair.After.Repairs > 0).ToList();
        Assert.True(repaired.Count == 0, string.Join("\n", repaired.Take(20).Select(pair => pair.Before[..Math.Min(300, pair.Before.Length)])));
    }

    [Fact]
    public void Hostile_texts_take_linear_time()
    {
        foreach (var piece in new[] { "Ã", "Ã©", "â€", "ð", "\uD800", "\0", "\r", "a\u0301", "\u200D", "\u0301\u0316" })
        {
            _ = Filtering.Run(new UnicodeRepair(), string.Concat(Enumerable.Repeat(piece, 300_000)));
        }
    }
}
