using Coppice.Corpus.Language;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Language;

public class LanguageModelTrainerTests
{
    // Two languages of the same letters and other syllables.
    private static readonly string[][] s_syllables = [["ka", "to", "mi", "ru", "se"], ["ak", "ot", "im", "ur", "es"]];

    private static string Sentence(int language, int number) =>
        string.Join(' ', Enumerable.Range(0, 6).Select(word => string.Concat(Enumerable.Range(0, 3).Select(i => s_syllables[language][(number * 7 + word * 3 + i * i + number / 5) % 5]))));

    private static LanguageModelTrainer Trainer(LanguageTrainingOptions? options = null)
    {
        var trainer = new LanguageModelTrainer(options ?? new() { BucketBits = 10 });
        for (var i = 0; i < 100; i++)
        {
            trainer.Add("aa", Sentence(0, i));
            trainer.Add("bb", Sentence(1, i));
            trainer.Add("cc", "αβγ δεζ");
        }

        return trainer;
    }

    [Fact]
    public void A_model_of_two_made_up_languages_tells_them_apart_and_a_third_by_its_script()
    {
        var model = Trainer().Train();
        Assert.Equal(["aa", "bb", "cc"], model.Languages);
        for (var i = 1000; i < 1050; i++)
        {
            Assert.Equal("aa", model.Identify(Sentence(0, i)).Language);
            Assert.Equal("bb", model.Identify(Sentence(1, i)).Language);
        }

        Assert.Equal(new LanguageGuess("cc", 1), model.Identify("ζζζ"));
        Assert.Equal("und", model.Identify("привет").Language);
    }

    [Fact]
    public void A_model_is_the_same_after_saving_and_reading_and_after_training_again()
    {
        using var folder = new TemporaryFolder();
        var (first, second) = (folder.At("first.bin"), folder.At("second.bin"));
        var model = Trainer().Train();
        model.Save(first);
        Trainer().Train().Save(second);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        var read = LanguageIdentifier.Load(first);
        for (var i = 0; i < 20; i++) Assert.Equal(model.Identify(Sentence(i % 2, i)), read.Identify(Sentence(i % 2, i)));
        read.Save(second);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
    }

    [Fact]
    public void More_languages_than_a_vector_holds_are_told_apart()
    {
        var trainer = new LanguageModelTrainer(new() { BucketBits = 12 });
        static string Text(int language) => string.Concat(Enumerable.Repeat($"{(char)('a' + language % 26)}{(char)('a' + language / 26)}", 3)) + " ";
        for (var language = 0; language < 150; language++)
        {
            for (var i = 0; i < 5; i++) trainer.Add($"l{language:000}", string.Concat(Enumerable.Repeat(Text(language), 5)));
        }

        var model = trainer.Train();
        for (var language = 0; language < 150; language++) Assert.Equal($"l{language:000}", model.Identify(Text(language) + Text(language)).Language);
    }

    [Fact]
    public void Damaged_and_foreign_files_are_refused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("model.bin");
        Trainer().Train().Save(path);
        var good = File.ReadAllBytes(path);
        foreach (var length in new[] { 0, 7, 39, 40, good.Length / 2, good.Length - 1 })
        {
            File.WriteAllBytes(path, good[..length]);
            Assert.Throws<CoppiceException>(() => LanguageIdentifier.Load(path));
        }

        var flipped = (byte[])good.Clone();
        flipped[^5] ^= 1;
        File.WriteAllBytes(path, flipped);
        Assert.Contains("checksum", Assert.Throws<CoppiceException>(() => LanguageIdentifier.Load(path)).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => LanguageIdentifier.Load(folder.At("none.bin")));
    }

    [Fact]
    public void What_cannot_be_learned_from_is_refused()
    {
        Assert.Throws<CoppiceException>(() => new LanguageModelTrainer().Train());
        var trainer = new LanguageModelTrainer();
        trainer.Add("en", "1234");
        Assert.Throws<CoppiceException>(() => trainer.Train());
        Assert.Throws<CoppiceException>(() => trainer.Add("", "text"));
        Assert.Throws<CoppiceException>(() => trainer.Add("und", "text"));
        Assert.Throws<CoppiceException>(() => new LanguageModelTrainer(new() { BucketBits = 30 }));
        Assert.Throws<CoppiceException>(() => new LanguageModelTrainer(new() { Smoothing = double.NaN }));
    }
}
