using Coppice.Tensors;
using Coppice.Training.Regularisers;

namespace Coppice.Adapters.Methods;

/// <summary>The factors of a target: W' = W + s · B · diag(e) · A.</summary>
/// <param name="A">[rank, inputs].</param>
/// <param name="E">As many values as the rank.</param>
/// <param name="B">[outputs, rank].</param>
internal sealed record SingularFactors(Parameter A, Parameter E, Parameter B)
{
    /// <summary>The rank.</summary>
    public int Rank => checked((int)E.Count);
}

/// <summary>
/// Keeps the rows of A and the columns of B near orthonormal: orthogonality · (‖A · Aᵀ - I‖ + ‖Bᵀ · B - I‖), Frobenius norms and not their squares, + decay · ‖e‖²,
/// summed over all targets.
/// </summary>
/// <param name="targets">The factors.</param>
/// <param name="orthogonality">Factor of the norms.</param>
/// <param name="decay">Factor of ‖e‖².</param>
internal sealed class FactorPenalty(IReadOnlyList<SingularFactors> targets, double orthogonality, double decay) : IRegulariser
{
    /// <inheritdoc/>
    public double AddGradient(ParameterSet parameters)
    {
        var penalty = 0.0;
        foreach (var factors in targets)
        {
            if (orthogonality > 0)
            {
                penalty += AddOrthogonality(parameters, factors.A, factors.Rank, isColumns: false);
                penalty += AddOrthogonality(parameters, factors.B, factors.Rank, isColumns: true);
            }

            if (decay > 0) penalty += AddDecay(parameters, factors.E);
        }

        return penalty;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    /// <summary>With R = A · Aᵀ - I, the gradient of ‖R‖ is 2 R · A / ‖R‖; where R is 0 it has none.</summary>
    private double AddOrthogonality(ParameterSet parameters, Parameter parameter, int rank, bool isColumns)
    {
        var values = parameter.Tensor.ToArray();
        var vectors = new double[rank][];
        for (var k = 0; k < rank; k++) vectors[k] = Vector(values, rank, k, isColumns);
        var residuals = new double[rank, rank];
        var squares = 0.0;
        for (var k = 0; k < rank; k++)
        {
            for (var l = 0; l < rank; l++)
            {
                residuals[k, l] = Orthonormal.Dot(vectors[k], vectors[l]) - (k == l ? 1 : 0);
                squares += residuals[k, l] * residuals[k, l];
            }
        }

        var norm = Math.Sqrt(squares);
        if (norm == 0) return 0;
        var gradients = Importance.Of(parameter, parameters.Gradients!);
        var length = vectors[0].Length;
        for (var k = 0; k < rank; k++)
        {
            for (var i = 0; i < length; i++)
            {
                var sum = 0.0;
                for (var l = 0; l < rank; l++) sum += residuals[k, l] * vectors[l][i];
                gradients[isColumns ? i * rank + k : k * length + i] += (float)(orthogonality * 2 * sum / norm);
            }
        }

        parameters.Gradients!.CopyFrom(gradients, parameter.Offset);
        return orthogonality * norm;
    }

    private double AddDecay(ParameterSet parameters, Parameter parameter)
    {
        var (values, gradients, squares) = (parameter.Tensor.ToArray(), Importance.Of(parameter, parameters.Gradients!), 0.0);
        for (var i = 0; i < values.Length; i++)
        {
            gradients[i] += (float)(2 * decay * values[i]);
            squares += (double)values[i] * values[i];
        }

        parameters.Gradients!.CopyFrom(gradients, parameter.Offset);
        return decay * squares;
    }

    private static double[] Vector(float[] values, int rank, int k, bool isColumn)
    {
        var length = values.Length / rank;
        var vector = new double[length];
        for (var i = 0; i < length; i++) vector[i] = values[isColumn ? i * rank + k : k * length + i];
        return vector;
    }
}
