"""People as the API names them."""

from rest_framework import serializers

from accounts.models import User


class PersonSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "name"]
