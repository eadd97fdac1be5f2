using Coppice.Inference;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;

namespace Coppice.Adapters.Tests;

/// <summary>Direct preference optimisation of a real model: a planted preference is learned, for names that were not trained on, and nothing else is forgotten.</summary>
public sealed class StoriesPreferenceTests : IDisposable
{
    private const string Stories = "models/stories260k";

    private static readonly string[] Girls = ["Lily", "Mia", "Sue", "Amy", "Anna", "Lucy", "Sara", "Jane", "Emma", "Mary", "Kate", "Daisy"];
    private static readonly string[] Boys = ["Tim", "Tom", "Ben", "Max", "Sam", "Bob", "Jack", "John", "Joe", "Billy", "Fred", "Mark"];
    private static readonly string[] Things = ["ball", "box", "car", "toy", "hat", "bike"];

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [SharedDataFact(Stories)]
    [Trait("Category", "Slow")]
    public void A_preference_goes_from_chance_to_over_90_percent_while_other_text_stays_as_probable()
    {
        var directory = SharedData.At(Stories);
        using var stories = new AdaptBase(ModelDirectory.Load(directory, _backend), Tokenizer.Load(directory), null);
        // The last names are seen in the test alone.
        var (training, test) = (Pairs(..9), Pairs(9..));
        var texts = OwnStories(stories.Model, stories.Tokenizer, 40);
        var (before, perplexity) = (Chosen(stories.Model, stories.Tokenizer, test), Perplexity(stories.Model, texts));
        Assert.InRange(before, 0.4, 0.6);

        var usual = AdaptRecipe.For("lora");
        var recipe = usual with
        {
            Task = usual.Task with { Name = "dpo", Beta = 0.5 },
            Adapter = usual.Adapter with { Rank = 8, Targets = ["all-linear"] },
            Optimizer = usual.Optimizer with { LearningRate = 5e-4 },
            Training = usual.Training with { Epochs = 8, BatchSize = 16 },
        };
        using var adaptation = Adaptation.Prepare(stories, recipe, new TaskData<PreferencePair>(training), null);
        adaptation.Train();
        var (after, then) = (Chosen(adaptation.Model, stories.Tokenizer, test), Perplexity(adaptation.Model, texts));
        Assert.True(after > 0.9, $"the preferred answer is drawn with {before} before and with {after} after");
        Assert.True(then < 1.05 * perplexity, $"perplexity of other stories: {perplexity} before, {then} after");
    }

    /// <summary>What a girl has is red, what a boy has is blue: whatever colour a model likes, it is right half of the time.</summary>
    private static List<PreferencePair> Pairs(Range names) =>
    [
        .. from thing in Things
           from child in Girls[names].Select(name => (Text: $"{name} had a {thing}. She liked her {thing}.", Chosen: " red.", Rejected: " blue."))
               .Concat(Boys[names].Select(name => (Text: $"{name} had a {thing}. He liked his {thing}.", Chosen: " blue.", Rejected: " red.")))
           select new PreferencePair($"{child.Text} The {thing} was", child.Chosen, child.Rejected, "here"),
    ];

    /// <summary>How often the preferred one of the two answers is drawn.</summary>
    private static double Chosen(LanguageModel model, Tokenizer tokenizer, List<PreferencePair> pairs) =>
        PreferenceObjective.LogProbabilities(model, PreferenceRendering.Pairs(pairs, tokenizer, null, 128).Examples).Average(both => Logistic.Sigmoid(both[0] - both[1]));

    /// <summary>Stories that the model itself writes: text of the kind that it was trained on.</summary>
    private static List<TaskExample> OwnStories(LanguageModel model, Tokenizer tokenizer, int count)
    {
        using var generator = new TextGenerator(model, tokenizer);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            int[] story = [tokenizer.BeginOfText!.Value, .. generator.Generate("", new GenerationOptions { MaxTokens = 200, Temperature = 1, TopP = 1, Seed = (ulong)i }).Tokens];
            return new TaskExample([AnswerDocument.OfSpans(story, [(1, story.Length)])], "here");
        })];
    }

    private static double Perplexity(LanguageModel model, List<TaskExample> texts)
    {
        using var evaluator = new TaskEvaluator(model);
        return Math.Exp(evaluator.Loss(new SupervisedObjective(), texts));
    }
}
