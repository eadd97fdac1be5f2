using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Data;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Planning;
using Coppice.Training.Recipes;

namespace Coppice.Training.Tests.Planning;

public sealed class MemoryPlanTests
{
    private const int Vocabulary = 211;

    [Theory]
    [InlineData("gpt2", false, 0.0)]
    [InlineData("gpt2", true, 0.0)]
    [InlineData("gpt2", true, 0.1)]
    [InlineData("llama", false, 0.0)]
    [InlineData("llama", false, 0.1)]
    [InlineData("llama", true, 0.0)]
    [InlineData("bert", false, 0.1)]
    [InlineData("roberta", true, 0.0)]
    [InlineData("t5", false, 0.1)]
    [InlineData("t5", true, 0.0)]
    public void The_planned_activations_are_those_of_real_steps_to_the_byte(string architecture, bool recompute, double dropout)
    {
        var recipe = NewRecipe(architecture, recompute, dropout);
        var configuration = ModelFactory.Configure(recipe.Model, Vocabulary);
        var plan = MemoryPlan.For(configuration, recipe);

        using var backend = Backends.Create(threads: 2);
        using var model = configuration.Create(backend);
        model.Initialize(1);
        using var trainer = new Trainer(model, ObjectiveRegistry.ForPlanning(recipe.Objective, configuration), OptimizerRegistry.Create(model.Parameters, recipe.Optimizer), seed: 1) { Recomputing = recompute };
        for (var step = 0; step < 3; step++)
        {
            trainer.Apply(trainer.ComputeGradients([RandomBatch.Create(Vocabulary, 3, 17, 2), RandomBatch.Create(Vocabulary, 3, 17, 3)], step), 1e-3);
        }

        Assert.Equal(trainer.Arena.PeakBytes, plan.Activations);
        Assert.Equal(model.Parameters.Values.Count * sizeof(float), plan.Weights);
        Assert.Equal(plan.Weights, plan.Gradients);
    }

    [Fact]
    public void Recomputation_is_planned_to_take_less() =>
        Assert.True(Plan(NewRecipe("gpt2", recompute: true)).Activations < Plan(NewRecipe("gpt2", recompute: false)).Activations);

    [Theory]
    [InlineData("sgd", 0.0, 1)]
    [InlineData("adamw", 0.0, 2)]
    [InlineData("amsgrad", 0.0, 3)]
    [InlineData("adamw", 0.99, 3)]
    public void Each_optimizer_keeps_its_multiple_of_the_weights(string name, double averaged, int multiple)
    {
        var plan = Plan(NewRecipe("gpt2", false) with { Optimizer = new OptimizerSection { Name = name, EmaDecay = averaged } });
        Assert.Equal(multiple * plan.Weights, plan.Optimizer);
    }

    [Fact]
    public void A_model_that_no_machine_could_hold_is_planned_all_the_same()
    {
        var huge = NewRecipe("llama", true) with { Model = new ModelSection { Architecture = "llama", Layers = 100, Heads = 128, HiddenSize = 16_384 } };
        Assert.True(Plan(huge).Total > 1L << 40);
    }

    [Fact]
    public void Floating_point_operations_are_those_of_the_shape()
    {
        using var model = ModelFactory.Configure(NewRecipe("gpt2", false).Model, Vocabulary).Create(new PlanningBackend());
        // 12 C² a layer (4 C² attention, 8 C² MLP) and the tied head V C, 6 each; attention 6 L C T.
        Assert.Equal(6.0 * ((3 * 12 * 48 * 48) + (Vocabulary * 48)) + 6.0 * 3 * 48 * 17, TrainingFlops.PerToken(model, 17));
    }

    [Theory]
    // 12 C² a layer, and of the rows that count the tied head V C; what looks tokens, positions and types up multiplies nothing; attention 12 L C T, as each token sees all.
    [InlineData("bert", "mlm", 3 * 12 * 48 * 48 + 48 * 48 + 0.15 * Vocabulary * 48, 3 * 48)]
    [InlineData("electra", "rts", 3 * 12 * 48 * 48 + 48 * 48 + 48, 3 * 48)]
    // A generator of a quarter of the width, with a projection from the embeddings' and one back.
    [InlineData("electra", "electra", 3 * 12 * 48 * 48 + 48 * 48 + 48 + 3 * 12 * 12 * 12 + 2 * 12 * 48 + 0.15 * Vocabulary * 48, 3 * (48 + 12))]
    // 4 C² of attention in an encoder's layer and 8 C² in a decoder's, and 3 · 128 C of the gated MLP; of the decoder's and the head's, a fifth: spans and their sentinels.
    [InlineData("t5", "span_corruption", 3 * (4 * 48 * 48 + 3 * 128 * 48) + 0.2 * 3 * (8 * 48 * 48 + 3 * 128 * 48) + 0.2 * Vocabulary * 48, 3 * 48)]
    public void Encoders_compute_their_head_for_few_rows_and_see_in_both_directions(string architecture, string objective, double multiplied, int attended)
    {
        var recipe = (NewRecipe(architecture, false) with { Objective = new ObjectiveSection { Name = objective } }).Resolve();
        using var model = ModelFactory.Configure(recipe.Model, Vocabulary).Create(new PlanningBackend());
        Assert.Equal(6 * multiplied + 12.0 * attended * 17, TrainingFlops.PerToken(model, 17, recipe.Objective.PredictedShare), 1e-6);
    }

    [Fact]
    public void Layers_that_generator_and_discriminator_share_multiply_twice()
    {
        var recipe = NewRecipe("electra", false);
        recipe = (recipe with { Model = recipe.Model with { GeneratorShare = 1, GeneratorLayers = 2, TieGenerator = true } }).Resolve();
        using var model = ModelFactory.Configure(recipe.Model, Vocabulary).Create(new PlanningBackend());
        // Of the discriminator 3 layers, of the generator 2, and the linear layers of both heads.
        var multiplied = 5 * 12 * 48 * 48 + 48 * 48 + 48 + 48 * 48 + 0.15 * Vocabulary * 48;
        Assert.Equal(6 * multiplied + 12.0 * (5 * 48) * 17, TrainingFlops.PerToken(model, 17, 0.15), 1e-6);
    }

    private static MemoryPlan Plan(Recipe recipe) => MemoryPlan.For(ModelFactory.Configure(recipe.Resolve().Model, Vocabulary), recipe);

    private static Recipe NewRecipe(string architecture, bool recompute, double dropout = 0) => new Recipe
    {
        Model = new ModelSection { Architecture = architecture, Layers = 3, Heads = 4, HiddenSize = 48, Dropout = dropout, TieEmbeddings = true },
        Training = new TrainingSection { Steps = 1, BatchSize = 6, Accumulation = 2, SequenceLength = 17, Recompute = recompute },
    }.Resolve();
}
