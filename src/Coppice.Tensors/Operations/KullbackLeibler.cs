using Coppice.Foundation;

namespace Coppice.Tensors;

/// <summary>The divergence of a student's distribution from a teacher's, at a temperature.</summary>
[Technique("distillation", Title = "Distilling the Knowledge in a Neural Network", Paper = "arXiv:1503.02531")]
public static unsafe class KullbackLeiblerOperation
{
    /// <summary>scale · T² · Σ over rows of KL(softmax(teacher / T) ‖ softmax(student / T)).</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="student">Logits [rows, classes].</param>
    /// <param name="teacher">Logits [rows, classes]; a gradient flows to it too, where it requires one.</param>
    /// <param name="temperature">T &gt; 0.</param>
    /// <param name="scale">One over the number of rows, for a mean.</param>
    /// <returns>[1].</returns>
    public static Tensor KullbackLeibler(this Tape tape, Tensor student, Tensor teacher, float temperature, float scale)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        Require.That(student.Shape == teacher.Shape, "KL divergence", student.Shape, teacher.Shape);
        var loss = tape.NewTensor(new Shape(1), student.RequiresGradient || teacher.RequiresGradient);
        var losses = tape.NewFloats(student.Rows);
        var both = student.RequiresGradient && teacher.RequiresGradient;
        var gradients = loss.RequiresGradient ? tape.NewFloats((both ? 2 : 1) * student.Count) : null;
        var dstudent = gradients != null && student.RequiresGradient ? gradients : null;
        var dteacher = gradients != null && teacher.RequiresGradient ? gradients + (both ? student.Count : 0) : null;
        tape.Backend.KullbackLeibler(student.Rows, student.Columns, student.Data, teacher.Data, temperature, scale, null, losses, dstudent, dteacher);
        tape.Backend.Sum(student.Rows, losses, 1, loss.Data);
        tape.Free(losses);
        if (gradients == null) return loss;
        var operation = tape.Rent<Recorded>();
        (operation.Student, operation.Teacher) = (student, teacher);
        operation.Saved = gradients;
        tape.Record(operation, loss);
        return loss;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? Student { get; set; }

        public Tensor? Teacher { get; set; }

        internal override void Backward(Tape tape)
        {
            var upstream = 0f;
            tape.Backend.CopyToHost(Output.Gradient, new Span<float>(ref upstream));
            var both = Student!.RequiresGradient && Teacher!.RequiresGradient;
            Add(tape, Student, Saved, upstream);
            Add(tape, Teacher!, Saved + (both ? Student.Count : 0), upstream);
        }

        internal override void Clear() => (Student, Teacher) = (null, null);

        private static void Add(Tape tape, Tensor to, float* gradient, float upstream)
        {
            var destination = tape.Gradient(to, out var accumulate);
            if (destination != null) tape.Backend.ScaleAdd(to.Count, upstream, gradient, accumulate ? 1 : 0, destination);
        }
    }
}
