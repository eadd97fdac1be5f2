using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Training.Recipes;

namespace Coppice.Training.Optimizers;

/// <summary>The optimizers by the names that recipes use: each a chain. A new one is a file with its transform and a line here.</summary>
public static class OptimizerRegistry
{
    private static readonly Dictionary<string, Func<ParameterSet, OptimizerSection, GradientTransform>> ByName = new(StringComparer.Ordinal)
    {
        ["adamw"] = (parameters, section) => new ScaleByAdam(parameters, section.Beta1, section.Beta2, section.Epsilon),
        ["amsgrad"] = (parameters, section) => new ScaleByAdam(parameters, section.Beta1, section.Beta2, section.Epsilon, amsgrad: true),
        ["sgd"] = (parameters, section) => new ScaleByMomentum(parameters, section.Momentum, section.Nesterov),
    };

    /// <summary>Builds the chain of a recipe: clipping, the optimizer, decoupled weight decay, learning rate, mask, average of the weights.</summary>
    /// <param name="parameters">The parameters, with their initial values.</param>
    /// <param name="section">The recipe's section.</param>
    /// <param name="mask">Edits the finished update, weight decay included: what may change. Null for everything.</param>
    /// <param name="decay">What draws weights somewhere at each step beside weight decay, scaled by the learning rate as that is. Null for nothing.</param>
    /// <exception cref="CoppiceException">The name is not known (exit code 2).</exception>
    public static OptimizerChain Create(ParameterSet parameters, OptimizerSection section, GradientTransform? mask = null, GradientTransform? decay = null)
    {
        if (!ByName.TryGetValue(section.Name, out var create))
            throw CoppiceException.Usage($"unknown optimizer '{section.Name}'{NearestName.Hint(section.Name, ByName.Keys)} (known: {string.Join(", ", ByName.Keys)})");
        var chain = new List<GradientTransform>();
        if (section.ClipNorm > 0) chain.Add(new ClipByGlobalNorm(section.ClipNorm));
        chain.Add(create(parameters, section));
        if (section.WeightDecay > 0) chain.Add(new AddDecayedWeights(section.WeightDecay, section.DecayVectors));
        if (decay is not null) chain.Add(decay);
        chain.Add(new ScaleByLearningRate());
        if (mask is not null) chain.Add(mask);
        if (section.EmaDecay > 0) chain.Add(new WeightAverage(parameters, section.EmaDecay));
        return new OptimizerChain(parameters, chain);
    }
}
