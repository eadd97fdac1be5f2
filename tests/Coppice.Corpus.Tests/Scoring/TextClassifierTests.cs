using Coppice.Corpus.Scoring;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Scoring;

public class TextClassifierTests
{
    // The same words with other frequencies: a third of the words of a kind are its own favourites.
    private static string Text(bool isPositive, int number, int words = 60) => string.Join(' ', Enumerable.Range(0, words).Select(i =>
    {
        var bits = CounterRandom.Bits(5, (ulong)number * 2 + (isPositive ? 1UL : 0), (ulong)i);
        return bits % 3 == 0 ? $"{(isPositive ? "good" : "bad")}{(char)('a' + bits / 3 % 10)}" : $"word{(char)('a' + bits / 3 % 20)}";
    }));

    private static TextClassifierTrainer Trainer(int texts = 200, TextClassifierOptions? options = null)
    {
        var trainer = new TextClassifierTrainer(options ?? new() { BucketBits = 12 });
        for (var i = 0; i < texts; i++)
        {
            trainer.Add(true, Text(true, i));
            trainer.Add(false, Text(false, i));
        }

        return trainer;
    }

    [Fact]
    public void Two_kinds_of_text_are_told_apart_and_quality_is_of_texts_held_out()
    {
        var classifier = Trainer().Train();
        Assert.Equal((200, 200, 40), (classifier.Quality.Positives, classifier.Quality.Negatives, classifier.Quality.HeldOut));
        Assert.True(classifier.Quality.AreaUnderCurve > 0.99, $"{classifier.Quality}");
        for (var i = 1000; i < 1050; i++)
        {
            Assert.True(classifier.Score(Text(true, i)) > 0.7);
            Assert.True(classifier.Score(Text(false, i)) < 0.3);
        }

        Assert.Equal(0, classifier.Score(" \n "));
    }

    [Fact]
    public void Kinds_that_are_one_are_not_told_apart()
    {
        var trainer = new TextClassifierTrainer(new() { BucketBits = 12 });
        for (var i = 0; i < 1000; i++) trainer.Add(i % 2 == 0, Text(true, i));
        var classifier = trainer.Train();
        Assert.InRange(classifier.Quality.AreaUnderCurve, 0.3, 0.7);
        Assert.All(Enumerable.Range(2000, 20), i => Assert.InRange(classifier.Score(Text(true, i)), 0.2, 0.8));
    }

    [Fact]
    public void Many_negatives_do_not_make_positives_improbable()
    {
        var trainer = Trainer();
        for (var i = 200; i < 3000; i++) trainer.Add(false, Text(false, i));
        var classifier = trainer.Train();
        Assert.InRange(Enumerable.Range(5000, 100).Average(i => classifier.Score(Text(true, i))), 0.8, 1);
    }

    [Fact]
    public void The_order_of_texts_makes_no_difference_and_a_saved_classifier_is_the_same()
    {
        using var folder = new TemporaryFolder();
        var (first, second) = (folder.At("first.bin"), folder.At("second.bin"));
        var classifier = Trainer(30).Train();
        classifier.Save(first);
        var backwards = new TextClassifierTrainer(new() { BucketBits = 12 });
        for (var i = 29; i >= 0; i--)
        {
            backwards.Add(true, Text(true, i));
            backwards.Add(false, Text(false, i));
        }

        backwards.Train().Save(second);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        var read = TextClassifier.Load(first);
        Assert.Equal(classifier.Quality, read.Quality);
        Assert.Equal(classifier.Score(Text(true, 99)), read.Score(Text(true, 99)));
    }

    [Fact]
    public void Damaged_files_and_language_models_are_refused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("classifier.bin");
        Trainer(30).Train().Save(path);
        var good = File.ReadAllBytes(path);
        File.WriteAllBytes(path, good[..^1]);
        Assert.Contains("checksum", Assert.Throws<CoppiceException>(() => TextClassifier.Load(path)).Message, StringComparison.Ordinal);
        Coppice.Corpus.Language.LanguageIdentifier.Default.Save(path);
        Assert.Contains("text classifier", Assert.Throws<CoppiceException>(() => TextClassifier.Load(path)).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => TextClassifier.Load(folder.At("none")));
    }

    [Fact]
    public void Too_few_texts_and_wrong_options_are_refused()
    {
        Assert.Contains("at least 20", Assert.Throws<CoppiceException>(() => Trainer(19).Train()).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => new TextClassifierTrainer(new() { BucketBits = 40 }));
        Assert.Throws<CoppiceException>(() => new TextClassifierTrainer(new() { WordNgrams = 0 }));
        Assert.Throws<CoppiceException>(() => new TextClassifierTrainer(new() { LearningRate = double.NaN }));
    }

    [Fact]
    public void Documents_of_a_token_store_are_scored_by_their_text()
    {
        var classifier = Trainer().Train();
        using var store = TokenStore.InMemory([new("1", Text(true, 7000), "x"), new("2", "", "x"), new("3", Text(false, 7000), "x")], FakeTokenizer.Gpt2Like);
        var scores = new ClassifierScorer(classifier, FakeTokenizer.Gpt2Like).Score(store);
        Assert.Equal([1 - classifier.Score(Text(true, 7000)), double.PositiveInfinity, 1 - classifier.Score(Text(false, 7000))], scores);
    }
}
