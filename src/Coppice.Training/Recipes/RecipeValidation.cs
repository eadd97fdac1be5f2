using System.Globalization;
using Coppice.Foundation;
using Coppice.Training.Objectives;
using Coppice.Training.Schedules;

namespace Coppice.Training.Recipes;

/// <summary>What must hold between the keys of a recipe. Each rule says where, what and what to do.</summary>
internal static class RecipeValidation
{
    // Positions in a run are counted in 64 bits.
    private const long MaximumTokens = 1_000_000_000_000_000_000;

    public static void Check(Recipe recipe, RecipePlaces places)
    {
        CheckModel(recipe.Model, places);
        CheckObjective(recipe, places);
        CheckTraining(recipe, places);
        CheckSchedule(recipe, places);
        for (var i = 0; i < recipe.Data.Sources.Count; i++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"data.sources[{i}]");
            Require(recipe.Data.Sources[i].Paths.Count > 0, places.Of(key), $"'{key}' needs at least one path in 'paths'");
        }

        CheckMixture(recipe.Data, places);
    }

    private static void CheckMixture(DataSection data, RecipePlaces places)
    {
        var before = 0.0;
        for (var i = 0; i < data.Mixture.Stages.Count; i++)
        {
            var stage = data.Mixture.Stages[i];
            var key = string.Create(CultureInfo.InvariantCulture, $"data.mixture.stages[{i}]");
            Require(stage.From > before, places.Of(key + ".from", key), string.Create(CultureInfo.InvariantCulture, $"'{key}.from' ({stage.From}) must be above {before}: stages come one after the other, and the first begins with the run"));
            before = stage.From;
            // Sources that are named elsewhere are checked when they are known.
            if (data.Sources.Count == 0) continue;
            string[] known = [.. data.Sources.Select(source => source.GetName())];
            for (var j = 0; j < stage.Weights.Count; j++)
            {
                var (name, where) = (stage.Weights[j].Source, places.Of(string.Create(CultureInfo.InvariantCulture, $"{key}.weights[{j}]"), key));
                Require(known.Contains(name), where, $"'{key}' has a weight for '{name}', which is no source{NearestName.Hint(name, known)}");
                Require(stage.Weights.Take(j).All(weight => weight.Source != name), where, $"'{key}' has two weights for '{name}'");
            }

            Require(data.Sources.Any(source => (stage.Weights.FirstOrDefault(weight => weight.Source == source.GetName())?.Weight ?? source.Weight) > 0), places.Of(key), $"'{key}' leaves no source");
        }

        if (data.Mixture.Stages.Any(stage => stage.Weights.Count > 0) && data.Sources.GroupBy(source => source.GetName(), StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            Require(false, places.Of("data.mixture.stages"), $"two sources are called '{twice.Key}': name them apart, so that stages can tell them");
    }

    private static void CheckModel(ModelSection model, RecipePlaces places)
    {
        Require(model.HeadDim != 0 || model.HiddenSize % model.Heads == 0, places.Of("model.heads", "model.hidden_size"), $"'model.heads' ({model.Heads}) must divide 'model.hidden_size' ({model.HiddenSize})");
        Require(model.KvHeads == 0 || model.Heads % model.KvHeads == 0, places.Of("model.kv_heads"), $"'model.kv_heads' ({model.KvHeads}) must divide 'model.heads' ({model.Heads})");
        Require(model.Architecture == "electra" || model.EmbeddingSize == 0, places.Of("model.embedding_size"), $"'model.embedding_size' is for electra; {model.Architecture} embeds in its own width");
        var noGenerator = $"is for electra; {model.Architecture} has no generator";
        Require(model.Architecture == "electra" || model.GeneratorShare == new ModelSection().GeneratorShare, places.Of("model.generator_share"), $"'model.generator_share' {noGenerator}");
        Require(model.Architecture == "electra" || model.GeneratorLayers == 0, places.Of("model.generator_layers"), $"'model.generator_layers' {noGenerator}");
        Require(model.Architecture == "electra" || !model.TieGenerator, places.Of("model.tie_generator"), $"'model.tie_generator' {noGenerator}");
        Require(
            !model.TieGenerator || (model.GeneratorShare == 1 && model.GeneratorLayers <= model.Layers), places.Of("model.tie_generator", "model.generator_share", "model.generator_layers"),
            "'model.tie_generator' makes the generator the discriminator's lowest layers: 'model.generator_share' must be 1, and 'model.generator_layers' at most 'model.layers'");
        Require(model.Architecture != "electra" || model.TieEmbeddings, places.Of("model.tie_embeddings"), "'model.tie_embeddings' must be true for electra: generator and discriminator share them");
        if (model.Architecture == "llama")
        {
            var headDim = model.HeadDim == 0 ? model.HiddenSize / model.Heads : model.HeadDim;
            Require(headDim % 2 == 0, places.Of("model.head_dim", "model.heads"), $"the width of a head ({headDim}) must be even for rotary positions");
            Require(!(places.Has("model.bias") && model.Bias), places.Of("model.bias"), "'model.bias' is for gpt2; llama has no biases");
            Require(model.Activation is "" or "silu", places.Of("model.activation"), $"'model.activation' is for gpt2; llama's is silu, not {model.Activation}");
            return;
        }

        Require(model.Activation != "gated_gelu" || model.Architecture == "t5", places.Of("model.activation"), $"'model.activation' gated_gelu is for t5, not for {model.Architecture}");
        if (model.Architecture == "t5")
        {
            Require(!(places.Has("model.bias") && model.Bias), places.Of("model.bias"), "'model.bias' is for gpt2; t5 has no biases");
            Require(model.Activation is "" or "gated_gelu" or "relu", places.Of("model.activation"), $"'model.activation' is gated_gelu or relu for t5, not {model.Activation}");
        }
        else
        {
            Require(model.Bias || model.Architecture == "gpt2", places.Of("model.bias"), $"'model.bias' is for gpt2; {model.Architecture} always has biases");
            Require(model.HeadDim == 0 || (long)model.HeadDim * model.Heads == model.HiddenSize, places.Of("model.head_dim"), $"'model.head_dim' is for llama and t5; {model.Architecture} doesn't have it");
        }

        var only = $"is for llama; {model.Architecture} doesn't have it";
        Require(model.KvHeads == 0 || model.KvHeads == model.Heads, places.Of("model.kv_heads"), $"'model.kv_heads' {only}");
        Require(!model.QkNorm, places.Of("model.qk_norm"), $"'model.qk_norm' {only}");
        Require(model.SlidingWindow == 0, places.Of("model.sliding_window"), $"'model.sliding_window' {only}");
    }

    private static void CheckObjective(Recipe recipe, RecipePlaces places)
    {
        var (objective, architecture) = (recipe.Objective, recipe.Model.Architecture);
        var name = objective.Resolve(architecture).Name;
        var architectures = ObjectiveRegistry.ArchitecturesOf(name);
        Require(architectures.Contains(architecture), places.Of("objective.name", "model.architecture"), $"'objective.name' {name} is for {string.Join(" and ", architectures)}, not for {architecture}");
        Require(name != "electra" || recipe.Model.GeneratorShare > 0, places.Of("model.generator_share"), "'model.generator_share' is 0, but the objective electra needs a generator");
        // A resolved recipe says 0 where there is no generator.
        Require(
            name != "rts" || recipe.Model.GeneratorShare == 0 || recipe.Model.GeneratorShare == new ModelSection().GeneratorShare,
            places.Of("model.generator_share"), "'model.generator_share' is for the objective electra; rts has no generator");
        Require(name != "rts" || (recipe.Model.GeneratorLayers == 0 && !recipe.Model.TieGenerator), places.Of("model.generator_layers", "model.tie_generator"), "'model.generator_layers' and 'model.tie_generator' are for the objective electra; rts has no generator");
        var prompts = recipe.Evaluation.SamplePrompts;
        Require(
            name == "causal" || prompts.Count == 0 || prompts.Equals(new EvaluationSection().SamplePrompts),
            places.Of("evaluation.sample_prompts"), $"'evaluation.sample_prompts' are for models that continue a text, and {architecture} doesn't");
        if (objective.Unused(name) is { } unused) Require(false, places.Of(unused.Key), unused.Message);
    }

    private static void CheckTraining(Recipe recipe, RecipePlaces places)
    {
        var training = recipe.Training;
        Require(training.Steps > 0 || training.Tokens > 0, places.Of("training.steps", "training.tokens", "training"), "the run has no length: set 'training.steps' or 'training.tokens'");
        Require(training.Steps == 0 || training.Tokens == 0, places.Of("training.tokens"), "'training.steps' and 'training.tokens' both say how long the run is; remove one");
        Require(
            ((Int128)Math.Max(training.TotalSteps, recipe.Schedule.WarmupSteps + recipe.Schedule.CooldownSteps) * training.TokensPerStep) + recipe.Schedule.PriorTokens <= MaximumTokens,
            places.Of("training.steps", "schedule.warmup_steps", "schedule.cooldown_steps", "schedule.prior_tokens"),
            $"the run would be longer than {MaximumTokens} tokens");
        Require(training.BatchSize % training.Accumulation == 0, places.Of("training.accumulation", "training.batch_size"), $"'training.accumulation' ({training.Accumulation}) must divide 'training.batch_size' ({training.BatchSize})");
        Require(
            (training.FirstLength > 0) == (training.LengthWarmupSteps > 0),
            places.Of("training.first_length", "training.length_warmup_steps"),
            "'training.first_length' and 'training.length_warmup_steps' belong together: the length that sequences begin with, and the steps in which they grow to 'training.sequence_length'");
        Require(
            training.FirstLength < training.SequenceLength || training.FirstLength == 0,
            places.Of("training.first_length", "training.sequence_length"),
            $"'training.first_length' ({training.FirstLength}) must be less than 'training.sequence_length' ({training.SequenceLength})");
        Require(
            recipe.Model.MaxPositions == 0 || recipe.Model.MaxPositions >= training.SequenceLength,
            places.Of("model.max_positions", "training.sequence_length"),
            $"'model.max_positions' ({recipe.Model.MaxPositions}) is less than 'training.sequence_length' ({training.SequenceLength})");
    }

    private static void CheckSchedule(Recipe recipe, RecipePlaces places)
    {
        var schedule = recipe.Schedule;
        Require(
            ScheduleRegistry.Names.Contains(schedule.Name),
            places.Of("schedule.name"),
            $"'schedule.name' must be one of {string.Join(", ", ScheduleRegistry.Names)}, not '{schedule.Name}'{NearestName.Hint(schedule.Name, ScheduleRegistry.Names)}");
        Require(schedule.WarmupSteps == 0 || schedule.WarmupTokens == 0, places.Of("schedule.warmup_tokens"), "'schedule.warmup_steps' and 'schedule.warmup_tokens' both say how long the warm-up is; remove one");
        Require(
            schedule.FinalLearningRate <= recipe.Optimizer.LearningRate,
            places.Of("schedule.final_learning_rate", "optimizer.learning_rate"),
            string.Create(CultureInfo.InvariantCulture, $"'schedule.final_learning_rate' ({schedule.FinalLearningRate}) is above 'optimizer.learning_rate' ({recipe.Optimizer.LearningRate})"));

        // What a schedule doesn't have is refused rather than ignored.
        Require(schedule.CooldownSteps == 0 || schedule.Name == "infinite", places.Of("schedule.cooldown_steps"), $"'schedule.cooldown_steps' is for infinite; {schedule.Name} has no cool-down");
        Require(schedule.PowerAmplitude == 0 || schedule.Name == "power", places.Of("schedule.power_amplitude"), $"'schedule.power_amplitude' is for power; {schedule.Name} has no amplitude");
        Require(schedule.ConstantLearningRate == 0 || schedule.Name is "infinite" or "power", places.Of("schedule.constant_learning_rate"), $"'schedule.constant_learning_rate' is for infinite and power; {schedule.Name} doesn't have it");
        Require(
            schedule.ConstantLearningRate <= recipe.Optimizer.LearningRate,
            places.Of("schedule.constant_learning_rate", "optimizer.learning_rate"),
            string.Create(CultureInfo.InvariantCulture, $"'schedule.constant_learning_rate' ({schedule.ConstantLearningRate}) is above 'optimizer.learning_rate' ({recipe.Optimizer.LearningRate})"));
        var constant = schedule is { ConstantLearningRate: 0, Name: "infinite" } ? recipe.Optimizer.LearningRate / 2 : schedule.ConstantLearningRate;
        Require(
            constant == 0 || schedule.FinalLearningRate <= constant,
            places.Of("schedule.final_learning_rate", "schedule.constant_learning_rate"),
            string.Create(CultureInfo.InvariantCulture, $"'schedule.final_learning_rate' ({schedule.FinalLearningRate}) is above the constant learning rate ({constant})"));
        Require(schedule.DecayShape == DecayShape.Usual || schedule.Name is "wsd" or "infinite" or "power", places.Of("schedule.decay_shape"), $"'schedule.decay_shape' is for wsd, infinite and power; {schedule.Name} has its own");
        var exponential = schedule.DecayShape == DecayShape.Exponential || (schedule.DecayShape == DecayShape.Usual && schedule.Name == "infinite");
        Require(
            !exponential || schedule.DecayShare == 0 || schedule.FinalLearningRate > 0,
            places.Of("schedule.final_learning_rate", "schedule.decay_shape", "schedule.name"),
            "an exponential decay never comes to 0: set 'schedule.final_learning_rate' above it, or 'schedule.decay_shape' to another shape");
    }

    private static void Require(bool holds, string where, string message)
    {
        if (!holds) throw CoppiceException.Usage($"{where}: {message}");
    }
}
